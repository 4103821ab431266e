// Package control is the control endpoint of a role: it serves levers and questions, and heals a lever that is not renewed.
package control

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

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Endpoint is one entry below role.ControlPath: a lever, which has Force, or a question, which has Act.
type Endpoint struct {
	Name string

	// Force puts the lever into force with the given parameters, or changes the parameters if it is in force. It returns the
	// idempotent heal. When it returns an error and no heal, it has changed nothing; an error with a heal is healed at once.
	Force func(params json.RawMessage) (heal func() error, err error)
	// Arms are the arms of a role that serves several. Each arm has a lever of its own, and the parameters name the arm. nil:
	// the role belongs to one arm.
	Arms []string

	// Act answers a question or does something once.
	Act func(ctx context.Context, params json.RawMessage) (any, error)

	leases *lease.Table // of the lever, by arm
}

// ErrParams marks an error in the caller's parameters.
var ErrParams = errors.New("parameters")

// bodyLimit is how many bytes the parameters may have.
const bodyLimit = 64 << 10

// Control serves the endpoints of one role.
type Control struct {
	token     string
	endpoints []Endpoint
}

// New returns the control endpoint of a role. Callers need the token; "" closes it.
func New(token string, endpoints []Endpoint) *Control {
	c := &Control{token: token, endpoints: slices.Clone(endpoints)}
	for i := range c.endpoints {
		c.endpoints[i].leases = &lease.Table{}
	}
	return c
}

// ServeHTTP answers callers that have the token and come from this machine or from a private network.
func (c *Control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
		if e.Name == name {
			e.serve(w, r)
			return
		}
	}
	fail(w, http.StatusNotFound, fmt.Errorf("no lever or question %q here: there is %s", name, c.names()))
}

func (e Endpoint) serve(w http.ResponseWriter, r *http.Request) {
	params, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	var answer any = struct{}{}
	switch {
	case r.Method == http.MethodPut && e.Force != nil:
		err = e.put(r, params)
	case r.Method == http.MethodDelete && e.Force != nil:
		err = e.delete(role.ReleasedArm(r))
	case r.Method == http.MethodPost && e.Act != nil:
		answer, err = e.Act(r.Context(), params)
	default:
		legal := "PUT and DELETE"
		if e.Act != nil {
			legal = "POST"
		}
		fail(w, http.StatusMethodNotAllowed, fmt.Errorf("%s takes %s, got %s", e.Name, legal, r.Method))
		return
	}
	switch {
	case err == nil:
		reply(w, http.StatusOK, answer)
	case errors.Is(err, ErrParams):
		fail(w, http.StatusBadRequest, fmt.Errorf("%s: %w", e.Name, err))
	default:
		fail(w, http.StatusBadGateway, fmt.Errorf("%s: %w", e.Name, err))
	}
}

// put pulls the lever, or changes its parameters, and starts its lease anew.
func (e Endpoint) put(r *http.Request, params json.RawMessage) error {
	d, err := role.Lease(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrParams, err)
	}
	arm := ""
	if e.Arms != nil {
		var of struct{ Arm string }
		if err := json.Unmarshal(params, &of); err != nil {
			return fmt.Errorf("%w: %w", ErrParams, err)
		}
		if arm = of.Arm; !slices.Contains(e.Arms, arm) {
			return e.unknown(arm)
		}
	}
	return e.leases.Set(arm, d, func() (func() error, error) {
		return e.Force(params)
	})
}

// delete ends the lever of an arm, or of all arms.
func (e Endpoint) delete(arm string) error {
	switch {
	case e.Arms == nil, arm == "":
		return e.leases.ReleaseAll()
	case !slices.Contains(e.Arms, arm):
		return e.unknown(arm)
	}
	return e.leases.Release(arm)
}

func (e Endpoint) unknown(arm string) error {
	return fmt.Errorf("%w: arm must be one of %v, got %q", ErrParams, e.Arms, arm)
}

// Close heals everything.
func (c *Control) Close() error {
	var errs []error
	for _, e := range c.endpoints {
		errs = append(errs, e.leases.Close())
	}
	return errors.Join(errs...)
}

func (c *Control) names() string {
	names := make([]string, len(c.endpoints))
	for i, e := range c.endpoints {
		names[i] = e.Name
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

// Decode reads the parameters of an endpoint, refusing unknown ones.
func Decode(params json.RawMessage, into any) error {
	if len(params) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(params)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrParams, err)
	}
	return nil
}

// fail writes an error answer.
func fail(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": err.Error()})
}

func reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone needs no answer
}
