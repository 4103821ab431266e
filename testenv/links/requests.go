package links

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// levers are the levers of requests.
func (w *web) levers() []Lever {
	return []Lever{
		w.lever(lever.StripHeader, stripHeader),
		w.lever(lever.SetHeader, setHeader),
		w.lever(lever.DelayRequests, delayRequests),
		w.lever(lever.ResetRequests, resetRequests),
		w.lever(lever.FailRequests, failRequests),
	}
}

// lever returns a lever that is a rule; parse reads its parameters.
func (w *web) lever(name string, parse func(json.RawMessage) (which, action, error)) Lever {
	return Lever{
		Name: name,
		Force: func(params json.RawMessage) (func(), error) {
			which, act, err := parse(params)
			if err == nil {
				err = which.check()
			}
			if err != nil {
				return nil, err
			}
			w.put(name, &rule{lever: name, text: string(params), which: which, act: act})
			return func() { w.put(name, nil) }, nil
		},
		Ask: func(context.Context) (any, error) {
			for _, u := range *w.rules.Load() {
				if u.lever == name {
					return counts{InForce: true, Seen: u.seen.Load(), Taken: u.taken.Load()}, nil
				}
			}
			return counts{}, nil
		},
	}
}

// put replaces the rule of a lever; nil removes it. A rule with the same parameters stays, with its counts.
func (w *web) put(name string, u *rule) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rules := slices.Clone(*w.rules.Load())
	at := slices.IndexFunc(rules, func(o *rule) bool { return o.lever == name })
	switch {
	case at >= 0 && u != nil && rules[at].text == u.text:
		return
	case at >= 0:
		rules = slices.Delete(rules, at, at+1)
	}
	if u != nil {
		rules = append(rules, u)
	}
	w.rules.Store(&rules)
}

// stripHeader removes headers, as a proxy does that passes only those that it knows.
func stripHeader(params json.RawMessage) (which, action, error) {
	var p struct {
		which
		Headers []string `json:"headers"`
	}
	err := decode(params, &p)
	if err == nil && len(p.Headers) == 0 {
		err = errors.New("headers must name one header or more")
	}
	return p.which, func(rw http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		for _, name := range p.Headers {
			r.Header.Del(name)
		}
		next(rw, r)
	}, err
}

// setHeader sets a header, in place of what the caller has set.
func setHeader(params json.RawMessage) (which, action, error) {
	var p struct {
		which
		Header string `json:"header"`
		Value  string `json:"value"`
	}
	err := decode(params, &p)
	if err == nil && (p.Header == "" || p.Value == "") {
		err = errors.New("header and value must not be empty")
	}
	return p.which, func(rw http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		r.Header.Set(p.Header, p.Value)
		next(rw, r)
	}, err
}

// delayRequests holds requests up, for so many ms.
func delayRequests(params json.RawMessage) (which, action, error) {
	var p struct {
		which
		Delay float64 `json:"delay"`
	}
	err := decode(params, &p)
	if err == nil && !(p.Delay >= 1 && p.Delay <= longest) {
		err = fmt.Errorf("delay must be from 1 to %d ms, got %g", longest, p.Delay)
	}
	return p.which, func(rw http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		select {
		case <-time.After(time.Duration(p.Delay * float64(time.Millisecond))):
			next(rw, r)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}, err
}

// resetRequests breaks the connection in the middle of the answer. Before the answer has begun, the callers' HTTP clients would
// ask again by themselves, and nobody would see it.
func resetRequests(params json.RawMessage) (which, action, error) {
	var p which
	err := decode(params, &p)
	return p, func(rw http.ResponseWriter, r *http.Request, next http.HandlerFunc) { next(&torn{rw}, r) }, err
}

// torn is an answer that breaks off after half of its body.
type torn struct{ http.ResponseWriter }

// Write implements http.ResponseWriter. The error makes the reverse proxy drop the connection.
func (t *torn) Write(p []byte) (int, error) {
	n, err := t.ResponseWriter.Write(p[:len(p)/2])
	if err == nil {
		err = http.NewResponseController(t.ResponseWriter).Flush()
	}
	return n, errors.Join(err, io.ErrClosedPipe)
}

// failRequests answers with a status, in place of the service.
func failRequests(params json.RawMessage) (which, action, error) {
	var p struct {
		which
		Status int `json:"status"`
	}
	err := decode(params, &p)
	if err == nil && (p.Status < 400 || p.Status > 599) {
		err = fmt.Errorf("status must be from 400 to 599, got %d", p.Status)
	}
	return p.which, func(rw http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		text := []byte(`{"error":"` + http.StatusText(p.Status) + `"}`)
		rw.Header().Set("Content-Type", "application/json")
		rw.Header().Set("Content-Length", strconv.Itoa(len(text)))
		rw.WriteHeader(p.Status)
		_, _ = rw.Write(text)
	}, err
}
