package role

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/api"
)

// Client calls the control endpoints of roles, with the run's token.
type Client struct{ *api.Client }

// NewClient returns a client for roles that have this token.
func NewClient(token string) Client { return Client{api.New(token)} }

// Pull pulls a lever of the role at base, or renews its lease.
func (c Client) Pull(ctx context.Context, base, lever string, params any, lease time.Duration) error {
	return c.Do(ctx, http.MethodPut, base+ControlPath+lever+"?"+leaseQuery+"="+lease.String(), params, nil)
}

// Release ends what a lever does to an arm; it is no error if the lever is not in force.
func (c Client) Release(ctx context.Context, base, lever, arm string) error {
	return c.Do(ctx, http.MethodDelete, base+ControlPath+lever+"?"+armQuery+"="+url.QueryEscape(arm), nil, nil)
}

// Ask sends a question to the role at base, or makes it do something once, and decodes the answer into out unless that is
// nil.
func (c Client) Ask(ctx context.Context, base, question string, params, out any) error {
	return c.Do(ctx, http.MethodPost, base+ControlPath+question, params, out)
}

// Names of query parameters of a request to the control endpoint.
const (
	leaseQuery = "lease" // of a PUT: how long the lever stays in force
	armQuery   = "arm"   // of a DELETE: the arm whose lever ends, at a role that serves all arms
)

// The shortest and the longest lease that are accepted.
const (
	leaseLeast = 10 * time.Millisecond
	leaseMost  = 10 * time.Minute
)

// Lease returns the lease that a PUT asks for.
func Lease(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get(leaseQuery)
	d, err := time.ParseDuration(text)
	if err != nil || d < leaseLeast || d > leaseMost {
		return 0, fmt.Errorf("lease must be a duration from %v to %v, got %q", leaseLeast, leaseMost, text)
	}
	return d, nil
}

// ReleasedArm returns the arm whose lever a DELETE ends; "": the levers of all arms.
func ReleasedArm(r *http.Request) string { return r.URL.Query().Get(armQuery) }
