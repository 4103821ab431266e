package guard

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tollgate-dev/tollgate/internal/lease"
)

// Verb is how something is done and undone. Both are idempotent.
type Verb struct {
	Apply  func(ctx context.Context, a Act) error
	Revert func(ctx context.Context, a Act) error // also of what Apply has done only by half
}

// How often and how long what cannot be undone is tried again, once the parent is gone.
const (
	retryEvery = 500 * time.Millisecond
	retryFor   = 15 * time.Second
)

// Serve is the guard from inside. It serves requests until in ends, and then undoes what is held.
func Serve(in io.Reader, out io.Writer, lookup func(verb string) (Verb, error)) error {
	s := &server{lookup: lookup}
	s.leases.Failed = func(_ string, err error) { fmt.Fprintln(os.Stderr, err) }
	requests := bufio.NewScanner(in)
	requests.Buffer(nil, 1<<20)
	for requests.Scan() {
		var a answer
		if err := s.serve(requests.Bytes()); err != nil {
			a.Error = err.Error()
		}
		line, err := json.Marshal(a)
		if err == nil {
			_, err = out.Write(append(line, '\n'))
		}
		if err != nil {
			break // nobody listens any more
		}
	}
	return s.undo()
}

type server struct {
	lookup func(verb string) (Verb, error)
	leases lease.Table
}

func (s *server) serve(line []byte) error {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	if r.Release {
		return s.leases.Release(r.key())
	}
	verb, err := s.lookup(r.Verb)
	if err != nil {
		return err
	}
	return s.leases.Hold(r.key(), r.Lease, func() (func() error, error) {
		revert := func() error {
			ctx, cancel := bounded()
			defer cancel()
			if err := verb.Revert(ctx, r.Act); err != nil {
				return fmt.Errorf("revert of %s: %w", r.Verb, err)
			}
			return nil
		}
		if r.Adopt {
			return revert, nil
		}
		ctx, cancel := bounded()
		defer cancel()
		if err := verb.Apply(ctx, r.Act); err != nil {
			return revert, fmt.Errorf("%s: %w", r.Verb, err) // it may have been done halfway
		}
		return revert, nil
	})
}

// undo undoes what is held, and tries again for a while where that fails: nobody else will.
func (s *server) undo() error {
	var err error
	for limit := time.Now().Add(retryFor); time.Now().Before(limit); time.Sleep(retryEvery) {
		if err = s.leases.ReleaseAll(); err == nil {
			break
		}
	}
	return errors.Join(err, s.leases.Close())
}
