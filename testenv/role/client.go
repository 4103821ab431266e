package role

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tollgate-dev/tollgate/internal/api"
)

// Client talks to the control endpoints of roles, with the run's token.
type Client struct{ *api.Client }

// NewClient is a client of the roles that were told the token.
func NewClient(token string) Client { return Client{api.New(token)} }

// Pull puts a lever of the role at base into force, or renews its lease.
func (c Client) Pull(ctx context.Context, base, lever string, params any, lease time.Duration) error {
	return c.Do(ctx, http.MethodPut, base+ControlPath+lever+"?"+leaseQuery+"="+lease.String(), params, nil)
}

// Release ends a lever that an arm holds; one that is not in force is no error.
func (c Client) Release(ctx context.Context, base, lever, arm string) error {
	return c.Do(ctx, http.MethodDelete, base+ControlPath+lever+"?"+armQuery+"="+url.QueryEscape(arm), nil, nil)
}

// Ask sends a question to the role at base, or makes it do something once, and decodes the answer into out unless that is
// nil.
func (c Client) Ask(ctx context.Context, base, question string, params, out any) error {
	return c.Do(ctx, http.MethodPost, base+ControlPath+question, params, out)
}

// Queries of a request to the control endpoint.
const (
	leaseQuery = "lease" // of a PUT: how long the lever stays in force
	armQuery   = "arm"   // of a DELETE: whose lever it is, at a role that serves all arms
)

// Leases that are accepted.
const (
	leaseLeast = 10 * time.Millisecond
	leaseMost  = 10 * time.Minute
)

// Lease is the lease that a PUT asks for.
func Lease(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get(leaseQuery)
	d, err := time.ParseDuration(text)
	if err != nil || d < leaseLeast || d > leaseMost {
		return 0, fmt.Errorf("lease must be a duration from %v to %v, got %q", leaseLeast, leaseMost, text)
	}
	return d, nil
}

// ReleasedArm is the arm whose lever a DELETE is to end; "": every arm's.
func ReleasedArm(r *http.Request) string { return r.URL.Query().Get(armQuery) }
