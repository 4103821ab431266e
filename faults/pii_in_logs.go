package faults

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// piiInLogs: a column of the upstream's export moves, so that the e-mail address stands where the country should be. Ingest says
// in its log what it does not understand, with the value. Only the redactor keeps the address out of the archive of the logs.
func piiInLogs() Fault {
	return Fault{
		ID:     "pii-in-logs",
		Group:  "data",
		Title:  "the upstream delivers the e-mail address as the country of {share} of the users, and ingest logs it",
		Felt:   "nothing; without the redactor it would be a breach",
		Signs:  map[string]int{"errors": 0},
		Least:  "logs",
		Params: []Param{{Name: "share", Title: "part of the users", Unit: Share, Default: 0.05, Least: 0.01, Most: 1}},
		Runbook: "The redactor withheld an address from a log record, and the record says which function logged it (code.function.name), whose " +
			"address it was as a hash (perso.redacted.hash, the same as the profile's e-mail hash) and from which batch of the upstream. Stop " +
			"that batch at the source and have it delivered right, take the value out of that line, and look for copies where no redactor is: " +
			"the store and the topic have them. Tell whoever answers for data protection.",
		Levers:   []string{lever.AlterProfiles, lever.Deliver, lever.Audit},
		Expect:   []string{"RedactionHits"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{"perso.redacted": "1", "perso.attribute": "country"}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			return alter(ctx, site, map[string]any{"attribute": "country", "share": site.Values.Number("share"), "change": "shift"})
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var a audit
			if err := a.ask(ctx, site, "country", "@"); err != nil {
				return Effect{}, err
			}
			return a.altered(a.Matching, site.Values.Number("share"), "have an address as their country"), nil
		},
	}
}
