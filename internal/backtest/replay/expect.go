package replay

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Expectation says which alerts of other rules should fire for a fault.
type Expectation struct {
	Fault  string
	Alerts []string // as in alerts.expect of an experiment: names, or names with labels
}

// ParseExpectation reads FAULT=ALERT,ALERT. An alert may have labels in braces, which may hold commas.
func ParseExpectation(text string) (Expectation, error) {
	fault, list, ok := strings.Cut(text, "=")
	e := Expectation{Fault: strings.TrimSpace(fault)}
	depth, quoted, from := 0, false, 0
	take := func(to int) {
		if alert := strings.TrimSpace(list[from:to]); alert != "" {
			e.Alerts = append(e.Alerts, alert)
		}
		from = to + 1
	}
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ',' && depth == 0:
			take(i)
		}
	}
	take(len(list))
	if !ok || e.Fault == "" || len(e.Alerts) == 0 {
		return e, fmt.Errorf("%q: want FAULT=ALERT,…, for instance consumer-lag=LagHigh", text)
	}
	return e, nil
}

// Expect sets which alerts should fire for a fault, instead of those that the run expected, for one set of rules or two. It refuses
// faults that the run did not have, and alerts that none of the rules have, with those that there are. An alert that only one of
// two sets has cannot fire with the other.
func (r *Recording) Expect(e Expectation, sides ...*Rules) error {
	var legal []string
	for _, f := range r.Data.Run.Faults {
		if f.ID != result.NoFault {
			legal = append(legal, f.ID)
		}
	}
	if !slices.Contains(legal, e.Fault) {
		return fmt.Errorf("the run has no fault %q: legal are %s", e.Fault, strings.Join(legal, ", "))
	}
	ids := make([][]string, len(sides))
	for _, entry := range e.Alerts {
		known, unknown := false, error(nil)
		for i, rules := range sides {
			of, err := alerts.Resolve(rules.Lapsed.Alerts, entry)
			if err != nil {
				of, unknown = []string{entry}, err
			}
			known, ids[i] = known || err == nil, append(ids[i], of...)
		}
		if !known {
			return fmt.Errorf("%s: %w", e.Fault, unknown)
		}
	}
	for i, rules := range sides {
		if rules.expect == nil {
			rules.expect = map[string][]string{}
		}
		if _, twice := rules.expect[e.Fault]; twice {
			return fmt.Errorf("%s is given twice: name all its alerts at once, with commas", e.Fault)
		}
		rules.expect[e.Fault] = ids[i]
	}
	return nil
}

// faults are those of the run with what is expected of the rules.
func (r *Recording) faults(rules *Rules) []result.Fault {
	out := slices.Clone(r.Data.Run.Faults)
	for i, f := range out {
		if ids, ok := rules.expect[f.ID]; ok {
			out[i].Expect = ids
		}
	}
	return out
}

// unexpected notes the faults of which nothing is expected that the rules have: no alert can detect them.
func unexpected(faults []result.Fault, all result.Rules) []string {
	const most = 5 // that are named
	var names []string
	for _, f := range faults {
		known := slices.ContainsFunc(f.Expect, func(entry string) bool {
			for i := range all {
				if all.Covers(entry, i) {
					return true
				}
			}
			return false
		})
		if f.ID != result.NoFault && f.Skipped == "" && !known {
			names = append(names, f.ID)
		}
	}
	if len(names) == 0 {
		return nil
	}
	more := ""
	if n := len(names); n > most {
		more = fmt.Sprintf(" and %d more", n-most)
	}
	return []string{fmt.Sprintf("the rules have no alert that is expected of %s%s, so that they cannot detect it: say which of yours should fire "+
		"with --expect FAULT=ALERT", strings.Join(names[:min(len(names), most)], ", "), more)}
}
