package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/api"
	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// endpoint is one entry below role.ControlPath: a lever, which has force, or a question, which has act.
type endpoint struct {
	name string

	// force puts the lever into force with the given parameters, or changes the parameters if it is in force. It returns the
	// idempotent heal. When it returns an error, it has changed nothing.
	force func(params json.RawMessage) (heal func(), err error)
	// arms are the arms of a role that serves several. Each arm has a lever of its own, and the parameters name the arm. nil:
	// the role belongs to one arm.
	arms []string

	// act answers a question or does something once.
	act func(ctx context.Context, params json.RawMessage) (any, error)

	leases *lease.Table // of the lever, by arm
}

// errParams marks an error in the caller's parameters.
var errParams = errors.New("parameters")

// control is the control endpoint: it serves levers and questions, and heals a lever that is not renewed.
type control struct {
	token     string
	endpoints []endpoint
}

func newControl(token string, endpoints []endpoint) *control {
	c := &control{token: token, endpoints: slices.Clone(endpoints)}
	for i := range c.endpoints {
		c.endpoints[i].leases = &lease.Table{}
	}
	return c
}

// ServeHTTP answers callers that have the token and come from this machine or from a private network.
func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !near(r.RemoteAddr) {
		fail(w, http.StatusForbidden, errors.New("control is for this machine and the stack's own network"))
		return
	}
	if !api.Authorized(r, c.token) {
		fail(w, http.StatusUnauthorized, errors.New("control needs the run's token"))
		return
	}
	name := strings.TrimPrefix(r.URL.Path, role.ControlPath)
	for _, e := range c.endpoints {
		if e.name == name {
			e.serve(w, r)
			return
		}
	}
	fail(w, http.StatusNotFound, fmt.Errorf("no lever or question %q here: there is %s", name, c.names()))
}

func (e endpoint) serve(w http.ResponseWriter, r *http.Request) {
	params, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	var answer any = struct{}{}
	switch {
	case r.Method == http.MethodPut && e.force != nil:
		err = e.put(r, params)
	case r.Method == http.MethodDelete && e.force != nil:
		err = e.delete(role.ReleasedArm(r))
	case r.Method == http.MethodPost && e.act != nil:
		answer, err = e.act(r.Context(), params)
	default:
		legal := "PUT and DELETE"
		if e.act != nil {
			legal = "POST"
		}
		fail(w, http.StatusMethodNotAllowed, fmt.Errorf("%s takes %s, got %s", e.name, legal, r.Method))
		return
	}
	switch {
	case err == nil:
		reply(w, http.StatusOK, answer)
	case errors.Is(err, errParams):
		fail(w, http.StatusBadRequest, fmt.Errorf("%s: %w", e.name, err))
	default:
		fail(w, http.StatusBadGateway, fmt.Errorf("%s: %w", e.name, err))
	}
}

// put pulls the lever, or changes its parameters, and starts its lease anew.
func (e endpoint) put(r *http.Request, params json.RawMessage) error {
	d, err := role.Lease(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errParams, err)
	}
	arm := ""
	if e.arms != nil {
		var of struct{ Arm string }
		if err := json.Unmarshal(params, &of); err != nil {
			return fmt.Errorf("%w: %w", errParams, err)
		}
		if arm = of.Arm; !slices.Contains(e.arms, arm) {
			return e.unknown(arm)
		}
	}
	return e.leases.Set(arm, d, func() (func() error, error) {
		heal, err := e.force(params)
		if err != nil {
			return nil, err
		}
		return func() error { heal(); return nil }, nil
	})
}

// delete ends the lever of an arm, or of all arms.
func (e endpoint) delete(arm string) error {
	switch {
	case e.arms == nil, arm == "":
		return e.leases.ReleaseAll()
	case !slices.Contains(e.arms, arm):
		return e.unknown(arm)
	}
	return e.leases.Release(arm)
}

func (e endpoint) unknown(arm string) error {
	return fmt.Errorf("%w: arm must be one of %v, got %q", errParams, e.arms, arm)
}

// close heals everything.
func (c *control) close() {
	for _, e := range c.endpoints {
		_ = e.leases.Close() // heals of a role do not fail
	}
}

func (c *control) names() string {
	names := make([]string, len(c.endpoints))
	for i, e := range c.endpoints {
		names[i] = e.name
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

// decode reads the parameters of an endpoint, refusing unknown ones.
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
