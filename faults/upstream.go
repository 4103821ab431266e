package faults

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// alter returns the Injection by which the upstream alters an attribute in what it delivers, and the error of the beginning. Each
// end of it is followed by a delivery, without which the profiles would change only as slowly as they are refreshed.
func alter(ctx context.Context, site Site, params map[string]any) (Injection, error) {
	deliver := func(ctx context.Context) error { return site.Arm.Ask(ctx, role.ETL, lever.Deliver, struct{}{}, nil) }
	in := pull(site, role.ETL, lever.AlterProfiles, params)
	release := in.Heal
	in.Heal = func(ctx context.Context) error { return errors.Join(release(ctx), deliver(ctx)) }
	return in, errors.Join(in.Renew(ctx), deliver(ctx))
}

// audit is what is in an arm's store: the answer to lever.Audit.
type audit struct {
	Users    int     `json:"users"`
	Missing  int     `json:"missing"`  // profiles that lack the attribute
	Matching int     `json:"matching"` // profiles whose attribute matches
	Unknown  int     `json:"unknown"`  // profiles with a field that the schema does not have
	Age      float64 `json:"age_ms"`   // of the newest profile
	Items    int     `json:"items"`    // with content
	Unlisted int     `json:"unlisted"` // items of the catalogue without content
}

// ask looks into the arm's store. The regular expression is for values of the attribute; both may be "".
func (a *audit) ask(ctx context.Context, site Site, attribute, match string) error {
	return site.Arm.Ask(ctx, role.Profile, lever.Audit, map[string]string{"attribute": attribute, "match": match}, a)
}

// altered is the effect of an alteration that a number of profiles show; the fault is meant to hit a share of them.
func (a *audit) altered(count int, share float64, says string) Effect {
	part := float64(count) / float64(max(a.Users, 1))
	return Effect{
		Present: part > 0.5*share, // a delivery takes four seconds
		Gone:    a.Users > 0 && part < 0.01*share,
		Detail:  fmt.Sprintf("%d of %d profiles %s", count, a.Users, says),
		Values:  map[string]float64{"altered_share": part},
	}
}
