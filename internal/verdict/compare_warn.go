package verdict

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/secret"
)

// warn fills in the warnings: of what is wrong with one of the runs, and of what is not alike.
func (c *Comparison) warn(a, b *Analysis) {
	invalid, unsound := unsound(a, b)
	c.Void = slices.Concat(invalid, differing(a.Run, b.Run, sideBySide, func(w weighs) bool { return w == defines }))
	c.Warnings = slices.Concat(invalid, unsound, unlike(a.Run, b.Run))
}

// unsound warns of runs that do not stand by themselves; those warnings apart under which a comparison means nothing.
func unsound(a, b *Analysis) (void, out []string) {
	for _, s := range []struct {
		name string
		*Analysis
	}{{"A", a}, {"B", b}} {
		var failed, undecided []string
		for _, c := range s.Controls {
			switch {
			case c.Undecided:
				undecided = append(undecided, c.Name)
			case !c.OK:
				failed = append(failed, c.Name)
			}
		}
		if len(failed) > 0 {
			void = append(void, fmt.Sprintf("run %s is invalid: controls failed: %s; its numbers may not be believed",
				s.name, strings.Join(failed, ", ")))
		}
		if len(undecided) > 0 {
			out = append(out, fmt.Sprintf("run %s holds too little to judge its controls: %s", s.name, strings.Join(undecided, ", ")))
		}
		if s.Run.Status != result.Complete {
			out = append(out, fmt.Sprintf("run %s: %s", s.name, strings.Join(partialText(s.Run), "")))
		}
	}
	if a.Run.ID == b.Run.ID && a.Run.Started.Equal(b.Run.Started) {
		void = append(void, "A and B are the same run: it says nothing about how runs differ")
	}
	return void, out
}

// aspect is something that two runs should have in common.
type aspect struct {
	name  string
	parts []part
	weighs
}

// weighs is what it means when an aspect is not the same.
type weighs int

const (
	changes   weighs = iota // it may be the cause of a difference
	separates               // a difference may be due to how and where it was measured: values are no longer of one series
	defines                 // changes over the baseline are no longer changes of the same thing
)

// Apart says in what two runs, b after a, differ so that their values are not of one series: machine, kernel, environment, plan, journeys or
// baseline. It is empty for runs that are.
func Apart(a, b result.Run) []string {
	return differing(a, b, inTurn, func(w weighs) bool { return w >= separates })
}

// Causes says in what two runs, b after a, differ that may be the cause of a difference: variables of levels, and versions.
func Causes(a, b result.Run) []string {
	return differing(a, b, inTurn, func(w weighs) bool { return w == changes })
}

func differing(a, b result.Run, format string, counts func(weighs) bool) []string {
	var out []string
	for _, as := range aspects(a, b) {
		if counts(as.weighs) {
			out = append(out, as.differ(format)...)
		}
	}
	return out
}

// differ says in what the runs differ, in one sentence; none where they do not. format is of the name of a part and both its values.
func (as aspect) differ(format string) []string {
	var parts []string
	for _, p := range as.parts {
		if p.a != p.b {
			parts = append(parts, strings.TrimSpace(fmt.Sprintf(format, p.name, orNone(p.a), orNone(p.b))))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{"other " + as.name + ": " + strings.Join(parts, "; ")}
}

// How a difference is written: of two runs side by side, and of one after the other.
const (
	sideBySide = "%s %s in A, %s in B"
	inTurn     = "%s %s → %s"
)

// part is one value of an aspect in both runs, as text.
type part struct{ name, a, b string }

// unlike warns of everything that two runs should have in common and have not.
func unlike(a, b result.Run) []string {
	out := differing(a, b, sideBySide, func(weighs) bool { return true })
	if hidden := hiddenInBoth(a, b); hidden != "" {
		out = append(out, hidden)
	}
	if other := otherRules(a, b); other != "" {
		out = append(out, other)
	}
	return out
}

func orNone(text string) string { return cmp.Or(text, "none") }

func aspects(a, b result.Run) []aspect {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	out := []aspect{
		{"machine", []part{
			{"CPU", a.Machine.CPU, b.Machine.CPU},
			{"cores", strconv.Itoa(a.Machine.Cores), strconv.Itoa(b.Machine.Cores)},
			{"kernel", a.Machine.Kernel, b.Machine.Kernel},
			{"system", a.Machine.OS + "/" + a.Machine.Arch, b.Machine.OS + "/" + b.Machine.Arch},
		}, separates},
		{"environment", []part{{"", a.Environment, b.Environment}}, separates},
		{"plan", []part{
			{"profile", a.Profile, b.Profile},
			{"rate", number(a.Plan.Rate) + "/s", number(b.Plan.Rate) + "/s"},
			{"slot", a.Plan.Slot.String(), b.Plan.Slot.String()},
			{"wash-out", a.Plan.Washout.String(), b.Plan.Washout.String()},
			{"rate of the catch", number(a.Plan.CatchRate) + "/s", number(b.Plan.CatchRate) + "/s"},
			{"client timeout", a.Plan.ClientTimeout.String(), b.Plan.ClientTimeout.String()},
		}, separates},
		{"step whose latency is the toll", []part{{"", a.Plan.MainStep(), b.Plan.MainStep()}}, defines},
		{"capacity", capacityParts(a.Plan.Capacity, b.Plan.Capacity), changes},
		{"prices", []part{{"", priceList(a), priceList(b)}}, changes},
		{"journeys", []part{{"", a.Journeys, b.Journeys}}, separates},
		{"baseline", []part{{"", baselineLevel(a), baselineLevel(b)}}, defines},
	}
	for _, level := range levelNames(a) {
		if of := slices.IndexFunc(b.Levels, func(l result.Level) bool { return l.Name == level }); of >= 0 {
			mine := a.Levels[slices.Index(levelNames(a), level)]
			out = append(out, aspect{"level " + level, mapParts(mine.Env, b.Levels[of].Env), changes})
		}
	}
	versions := []part{{"tollgate", a.Tool.Version, b.Tool.Version}, {"Go", a.Tool.Go, b.Tool.Go}}
	return append(out, aspect{"versions", append(versions, mapParts(a.Tool.Modules, b.Tool.Modules)...), changes})
}

// capacityParts is what makes two capacities the same measure; nothing unless both runs were to find one.
func capacityParts(a, b *result.CapacityPlan) []part {
	if a == nil || b == nil {
		return nil
	}
	share := func(p *result.CapacityPlan) string { return strconv.FormatFloat(100*p.SLOShare, 'g', -1, 64) + " %" }
	return []part{
		{"p99 of the SLO", a.SLOP99.String(), b.SLOP99.String()},
		{"share of the SLO", share(a), share(b)},
		{"slot", a.Slot.String(), b.Slot.String()},
		{"wash-out", a.Washout.String(), b.Washout.String()},
	}
}

// priceList is the prices of a run in one line, "" without any.
func priceList(r result.Run) string {
	if r.Prices == nil {
		return ""
	}
	text, err := json.Marshal(r.Prices)
	if err != nil {
		return "unreadable"
	}
	return strings.ReplaceAll(strings.Trim(string(text), "{}"), `"`, "")
}

// baselineLevel is the level that all others of a run are compared with, "" if it has none.
func baselineLevel(r result.Run) string {
	if len(r.Levels) == 0 {
		return ""
	}
	return r.Levels[0].Name
}

// mapParts are the values of two maps, by rising key.
func mapParts(a, b map[string]string) []part {
	keys := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(keys)
	var out []part
	for _, k := range slices.Compact(keys) {
		out = append(out, part{k, a[k], b[k]})
	}
	return out
}

// hiddenInBoth warns of variables of levels whose values neither run shows, in whole or in part: they may differ. "" if there are none.
func hiddenInBoth(a, b result.Run) string {
	var names []string
	for _, level := range a.Levels {
		of := slices.IndexFunc(b.Levels, func(l result.Level) bool { return l.Name == level.Name })
		if of < 0 {
			continue
		}
		for _, p := range mapParts(level.Env, b.Levels[of].Env) {
			if p.a == p.b && strings.Contains(p.a, secret.Hidden) {
				names = append(names, level.Name+" "+p.name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "variables of levels whose values both runs hide may differ: " + strings.Join(names, ", ")
}

// otherRules warns of alert rules that differ, by name: their catch is not the same. "" where a run has no faults.
func otherRules(a, b result.Run) string {
	if len(a.Faults) == 0 || len(b.Faults) == 0 {
		return ""
	}
	var changed []string
	for _, p := range mapParts(rules(a), rules(b)) {
		if p.a != p.b {
			changed = append(changed, p.name)
		}
	}
	if len(changed) == 0 {
		return ""
	}
	return "other alert rules, or another time-lapse: " + strings.Join(changed, ", ")
}

// rules are the alert rules of a run, as they were run, by name.
func rules(r result.Run) map[string]string {
	out := map[string]string{}
	for _, a := range r.Alerts {
		out[a.Name] = fmt.Sprintf("%s for %s", a.RunExpr, a.RunFor)
	}
	return out
}
