package stack

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// control is one entry below /control/. A control with force is held by a lease; one with act is a one-off.
type control struct {
	name string

	// force puts the control into force with the given parameters, or changes those of one in force. It returns the
	// idempotent heal.
	force func(params json.RawMessage) (heal func(), err error)
	// held tells apart the things that one control can hold at once, from the parameters of a PUT or the query of a
	// DELETE; nil: there is only one. A DELETE for "" heals all of them.
	held func(params json.RawMessage, query url.Values) (string, error)

	// act answers a question or does something once.
	act func(ctx context.Context, params json.RawMessage) (any, error)
}

// errParams marks what the caller of a control got wrong.
var errParams = errors.New("parameters")

// Leases that are accepted.
const (
	leaseLeast = 10 * time.Millisecond
	leaseMost  = 10 * time.Minute
)

// controls serves /control/ and heals what nobody renews.
type controls struct {
	token string
	all   []control

	mu     sync.Mutex
	leases map[[2]string]*lease // by control name and what it holds
}

type lease struct {
	heal  func()
	timer *time.Timer
}

func newControls(token string, all []control) *controls {
	return &controls{token: token, all: all, leases: map[[2]string]*lease{}}
}

// ServeHTTP answers callers that hold the token and come from this machine or its own network.
func (c *controls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !near(r.RemoteAddr) {
		fail(w, http.StatusForbidden, fmt.Errorf("control is for this machine and the stack's own network"))
		return
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || c.token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(c.token)) != 1 {
		fail(w, http.StatusUnauthorized, fmt.Errorf("control needs the run's token"))
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/control/")
	for _, entry := range c.all {
		if entry.name == name {
			c.serve(w, r, entry)
			return
		}
	}
	fail(w, http.StatusNotFound, fmt.Errorf("no control %q here: there is %s", name, c.names()))
}

func (c *controls) serve(w http.ResponseWriter, r *http.Request, entry control) {
	params, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	var answer any = struct{}{}
	switch {
	case r.Method == http.MethodPut && entry.force != nil:
		err = c.put(entry, params, r.URL.Query())
	case r.Method == http.MethodDelete && entry.force != nil:
		err = c.delete(entry, r.URL.Query())
	case r.Method == http.MethodPost && entry.act != nil:
		answer, err = entry.act(r.Context(), params)
	default:
		legal := "PUT and DELETE"
		if entry.act != nil {
			legal = "POST"
		}
		fail(w, http.StatusMethodNotAllowed, fmt.Errorf("control %s takes %s, got %s", entry.name, legal, r.Method))
		return
	}
	switch {
	case err == nil:
		reply(w, http.StatusOK, answer)
	case errors.Is(err, errParams):
		fail(w, http.StatusBadRequest, fmt.Errorf("control %s: %w", entry.name, err))
	default:
		fail(w, http.StatusBadGateway, fmt.Errorf("control %s: %w", entry.name, err))
	}
}

// put puts a control into force or renews its lease.
func (c *controls) put(entry control, params json.RawMessage, query url.Values) error {
	d, err := time.ParseDuration(query.Get("lease"))
	if err != nil || d < leaseLeast || d > leaseMost {
		return fmt.Errorf("%w: lease must be a duration from %v to %v, got %q", errParams, leaseLeast, leaseMost, query.Get("lease"))
	}
	key := [2]string{entry.name}
	if entry.held != nil {
		if key[1], err = entry.held(params, nil); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	heal, err := entry.force(params)
	if err != nil {
		return err
	}
	if old := c.leases[key]; old != nil {
		old.timer.Stop()
	}
	l := &lease{heal: heal}
	l.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.leases[key] == l { // not renewed since
			c.end(key)
		}
	})
	c.leases[key] = l
	return nil
}

func (c *controls) delete(entry control, query url.Values) error {
	var held string
	var err error
	if entry.held != nil {
		if held, err = entry.held(nil, query); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.leases {
		if key[0] == entry.name && (held == "" || key[1] == held) {
			c.end(key)
		}
	}
	return nil
}

// end heals what a lease holds. The caller has the lock.
func (c *controls) end(key [2]string) {
	c.leases[key].timer.Stop()
	c.leases[key].heal()
	delete(c.leases, key)
}

// close heals everything.
func (c *controls) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.leases {
		c.end(key)
	}
}

func (c *controls) names() string {
	names := make([]string, len(c.all))
	for i, entry := range c.all {
		names[i] = entry.name
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// near reports whether an address is on this machine or in a private network.
func near(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}

// decode reads the parameters of a control, refusing unknown ones.
func decode(params json.RawMessage, into any) error {
	if len(params) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(params)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", errParams, err)
	}
	return nil
}
