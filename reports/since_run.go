package reports

import (
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// sinceSection says since when a run fails the budgets that it fails, where earlier runs were given.
func sinceSection(a *verdict.Analysis) []section {
	s := a.Since
	if s == nil {
		return nil
	}
	lines := list{}
	var records []map[string]any
	for _, f := range s.Fails {
		lines.Items = append(lines.Items, item{Sign: outcomeMark(verdict.Fail), Text: failsSince(f), Hang: 2})
		records = append(records, map[string]any{"level": f.Level, "budget": f.Budget.Text, "fault": f.Fault, "since": f.First.ID, "runs": f.Failing + 1, "note": failsSince(f)})
	}
	if len(s.Fails) == 0 {
		lines.Items = []item{{Sign: "-", Text: "no budget on the toll, on detection or on diagnosis fails", Hang: 2}}
	}
	for _, text := range s.Unlike {
		lines.Items = append(lines.Items, item{Sign: "≠", Text: "run " + s.With + ", the one before, was not like this one: " + text, Hang: 2, Only: inText | inMarkdown | inHTML})
	}
	return []section{{ID: "since", Heading: "Since when", Verdict: true, Short: true, Blocks: []block{
		lead{Text: say(fmt.Sprintf("by %s", count(s.Runs, "earlier run")))}, lines, recordsOf(records)}}}
}

// failsSince is since when one budget fails, and where its metric changed.
func failsSince(f verdict.FailsSince) string {
	what := f.Budget.Text
	if f.Budget.Level == "" {
		what += " at " + f.Level
	}
	if f.Fault != "" {
		what += fmt.Sprintf(", %s %s", f.Fault, f.State)
	}
	text := what + ": no earlier run knows it"
	switch {
	case f.Known == 0:
	case f.Failing == 0:
		text = what + ": not met for the first time; the run before met it"
	case f.Met:
		text = fmt.Sprintf("%s: not met since run %s of %s, by %s up to this one", what, f.First.ID, stamp(f.First.Started), count(f.Failing+1, "run"))
	default:
		text = fmt.Sprintf("%s: not met by any of the %s that know it, the first of them %s of %s", what, count(f.Known, "earlier run"), f.First.ID, stamp(f.First.Started))
	}
	if f.Fault != "" {
		return text
	}
	return text + changedWords(f)
}

// changedWords says where the metric of a budget changed beyond chance.
func changedWords(f verdict.FailsSince) string {
	c := f.Changed
	switch {
	case c != nil:
		text := fmt.Sprintf("; %s changed by %s in run %s of %s (tollgate %s), from %s to %s", head(c.Metric), shareOrUnit(c, c.By), c.In.ID, stamp(c.In.Started), c.In.Version,
			shareOrUnit(c, c.Before), shareOrUnit(c, c.Now))
		if len(c.Other) > 0 {
			text += "; that run has " + brief(join(c.Other), longestCause)
		}
		return text
	case f.Few:
		return "; too few runs to find a change"
	default:
		return "; no change beyond chance in these runs"
	}
}

func shareOrUnit(c *verdict.ChangedIn, iv verdict.Interval) string {
	return spanned(iv, c.Ratio, c.Metric)
}

// jsonFailsSince is what earlier runs say of a run.
type jsonFailsSince struct {
	Runs   int         `json:"earlier_runs"`
	With   string      `json:"run_before"` // ID of the newest of them; "": there is none
	Unlike []string    `json:"unlike"`     // in what the run is not like that one
	Fails  []jsonFails `json:"fails"`      // budgets on the toll, on detection and on diagnosis that fail
}

type jsonFails struct {
	Budget  string `json:"budget"` // as it was given
	Level   string `json:"level"`
	Fault   string `json:"fault,omitempty"` // of a demand on the catch, the pass that fails it
	Since   string `json:"since"`           // ID of the first of the newest runs that all fail it
	Failing int    `json:"failing_runs"`    // how many these are, with this one
	Known   int    `json:"known_runs"`      // earlier runs that know the value at all
	Changed string `json:"changed_in"`      // ID of the run in which the metric changed beyond chance; "": there is none
	Words   string `json:"words"`           // the same in a sentence
}

func jsonFailsSinceOf(s *verdict.Since) *jsonFailsSince {
	if s == nil {
		return nil
	}
	out := &jsonFailsSince{s.Runs, s.With, listed(s.Unlike), []jsonFails{}}
	for _, f := range s.Fails {
		one := jsonFails{Budget: f.Budget.Text, Level: f.Level, Fault: f.Fault, Since: f.First.ID, Failing: f.Failing + 1, Known: f.Known, Words: failsSince(f)}
		if f.Changed != nil {
			one.Changed = f.Changed.In.ID
		}
		out.Fails = append(out.Fails, one)
	}
	return out
}
