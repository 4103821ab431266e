package catch

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// rules are the alerting rules of a run and how they are told apart.
type rules struct {
	all result.Rules
	ids []string // by index into all
}

func rulesOf(all result.Rules) *rules {
	return &rules{all: all, ids: all.IDs()}
}

// id tells the alert of an event from others of its name; an alert that is not among the rules is told by its name.
func (r *rules) id(e result.AlertEvent) string {
	if of := r.all.Of(e.Alert, e.Labels); len(of) > 0 {
		return r.ids[of[0]]
	}
	return e.Alert
}

// with are the rules of an ID.
func (r *rules) with(id string) []result.Alert {
	var out []result.Alert
	for i, a := range r.all {
		if r.ids[i] == id {
			out = append(out, a)
		}
	}
	return out
}

// isSwitch says that an alert is a dead man's switch.
func (r *rules) isSwitch(id string) bool {
	return slices.ContainsFunc(r.with(id), func(a result.Alert) bool { return a.Constant == result.AlwaysTrue })
}

// meant are the IDs that entries of Fault.Expect or Fault.Allow mean, in rule-file order, then the entries that no rule has.
func (r *rules) meant(entries []string) []string {
	var out, unknown []string
	for _, entry := range entries {
		found := false
		for i := range r.all {
			if r.all.Covers(entry, i) {
				out, found = add(out, r.ids[i]), true
			}
		}
		if !found {
			unknown = add(unknown, entry)
		}
	}
	return append(out, unknown...)
}
