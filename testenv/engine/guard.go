package engine

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tollgate-dev/tollgate/internal/guard"
)

// EnvGuardSession names the session to the guard.
const EnvGuardSession = "TOLLGATE_SESSION"

// Guard is the guard of a session from inside: it undoes the verbs that are held when in ends, and removes the session. So
// nothing stays broken and nothing stays behind when the owner is killed, with the reaper's image or without it.
func Guard(session string, in io.Reader, out io.Writer) error {
	s := &guardServer{}
	err := guard.Serve(in, out, s.verb)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.connect(ctx); err != nil {
		return err
	}
	_, swept := s.engine.sweep(ctx, func(id, _ string) bool { return id == session })
	return errors.Join(err, swept, s.engine.Close())
}

// guardServer does the verbs in the guard's process.
type guardServer struct {
	engine *Engine // nil: not needed yet
}

// connect opens the engine when it is needed for the first time.
func (s *guardServer) connect(ctx context.Context) (err error) {
	if s.engine == nil {
		s.engine, err = Open(ctx)
	}
	return err
}

func (s *guardServer) verb(name string) (guard.Verb, error) {
	v, err := LookupVerb(name)
	if err != nil {
		return guard.Verb{}, err
	}
	return guard.Verb{
		Apply: func(ctx context.Context, a guard.Act) error {
			if err := s.connect(ctx); err != nil {
				return err
			}
			return v.apply(ctx, s.engine, a.Target, a.Params)
		},
		Revert: func(ctx context.Context, a guard.Act) error {
			if v.revert == nil {
				return nil
			}
			if err := s.connect(ctx); err != nil {
				return err
			}
			return v.revert(ctx, s.engine, a.Target, a.Saved)
		},
	}, nil
}
