package faults

import (
	"context"
	"strconv"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// profileAttributeCoerced: the upstream writes a number where it does not know the age. The document is valid, and most such
// numbers pass for an age: 0, the null of a numeric column, puts everybody into the youngest segment. The rules refuse −1 and
// 999, which gives default content instead.
func profileAttributeCoerced() Fault {
	return Fault{
		ID:    "profile-attribute-coerced",
		Group: "data",
		Title: "the upstream delivers {value} as the age of {share} of the users",
		Felt:  "content for somebody of another age; nothing fails, and no default content",
		Signs: map[string]int{"errors": 0, "default": 0},
		Least: "metrics",
		Params: []Param{
			{Name: "value", Title: "the age; the rules refuse the other two", Words: []string{"0", "-1", "999"}},
			{Name: "share", Title: "part of the users", Unit: Share, Default: 0.5, Least: 0.01, Most: 1},
		},
		Runbook: "One bin of an input grew and every document is valid: look at the raw values of that input in the decision's debug log " +
			"(perso.features.age) for a number that stands for \"unknown\". Ask the upstream what changed in its export (a null that became a " +
			"number), have it deliver again, and leave out the affected period when you retrain.",
		Levers: []string{lever.AlterProfiles, lever.Deliver, lever.Audit},
		Unseen: true,
		Expect: []string{"ImpossibleAttribute", "InputDrift", "ClickThroughLow"},
		// A value that the rules refuse, and a segment that the model knows little about, lead to default content.
		Allow:    []string{"DefaultContentHigh", "DefaultContentReason", "FallbackSpansHigh"},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{"perso.features.age": "{value}"}},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			age, err := strconv.Atoi(site.Values.Word("value"))
			if err != nil {
				return Injection{Heal: func(context.Context) error { return nil }}, err
			}
			return alter(ctx, site, map[string]any{"attribute": "age", "share": site.Values.Number("share"), "change": "set", "value": age})
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var a audit
			value := site.Values.Word("value")
			if err := a.ask(ctx, site, "age", "^"+value+"$"); err != nil {
				return Effect{}, err
			}
			return a.altered(a.Matching, site.Values.Number("share"), "have the age "+value), nil
		},
	}
}
