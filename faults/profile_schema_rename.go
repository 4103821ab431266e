package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// profileSchemaRename: the upstream delivers the loyalty tier under a new name, as after a tidy-up of its schema. The consumer
// takes the documents, does not know the new field, and no longer finds the old one.
func profileSchemaRename() Fault {
	const field, renamed = "tier", "loyalty_tier"

	return Fault{
		ID:     "profile-schema-rename",
		Group:  "data",
		Title:  "the upstream renames " + field + " to " + renamed + " for {share} of the users",
		Felt:   "offers for loyal customers vanish; default content in their place",
		Signs:  map[string]int{"errors": 0, "default": 1},
		Least:  "logs", // metrics show that an attribute is missing, and the logs that it has another name
		Params: []Param{{Name: "share", Title: "part of the users", Unit: Share, Default: 0.5, Least: 0.01, Most: 1}},
		Runbook: "An attribute went missing and an unknown field came, in the same batch of the upstream: the log of ingest names field, " +
			"schema and batch. Nothing is lost: have the upstream deliver under the old name again, or teach the consumer both names, and " +
			"deliver all profiles once more.",
		Levers: []string{lever.AlterProfiles, lever.Deliver, lever.Audit},
		Expect: []string{
			"UnknownFieldLogged", "ProfileAttributeMissing", "InputDrift", "DefaultContentReason", "DefaultContentHigh", "ClickThroughLow",
			"MissingAttributeLogged", "FallbackSpansHigh",
		},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{"perso.reason": "unknown-field", "perso.field": renamed}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			return alter(ctx, site, map[string]any{
				"attribute": field, "share": site.Values.Number("share"), "change": "rename", "value": renamed,
			})
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var a audit
			if err := a.ask(ctx, site, field, ""); err != nil {
				return Effect{}, err
			}
			return a.altered(min(a.Missing, a.Unknown), site.Values.Number("share"), "lack "+field+" and have another field"), nil
		},
	}
}
