package reports

import (
	"fmt"
	"strconv"

	"github.com/tollgate-dev/tollgate/internal/machine"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// sideLines is what a comparison says of one run by itself.
type sideLines struct {
	title string
	lines []string
}

func sides(c *verdict.Comparison) []sideLines {
	var out []sideLines
	for _, s := range []struct {
		name string
		verdict.Side
	}{{"A", c.A}, {"B", c.B}} {
		r := s.Run
		out = append(out, sideLines{
			fmt.Sprintf("%s: run %s of %s: profile %s, environment %s, seed %d", s.name, r.ID, stamp(r.Started), r.Profile, r.Environment, r.Seed),
			[]string{measured(r, s.Load), "on " + machineLine(r.Machine), "tollgate " + r.Tool.Version + ", " + r.Tool.Go, controlsOf(s.Side)},
		})
	}
	return out
}

func controlsOf(s verdict.Side) string {
	switch s.Outcome {
	case verdict.Invalid:
		return "invalid: its own report says why"
	case verdict.Inconclusive:
		return "inconclusive: its own report says why"
	default:
		return "the controls hold"
	}
}

// comparedRuns is all that the two runs should have in common, and where they differ: marked, in words.
func comparedRuns(c *verdict.Comparison) []section {
	t := table{Only: inHTML, Label: "The two runs", Columns: heads(false, "What", "A", "B", "Alike")}
	a, b := runFacts(c.A), runFacts(c.B)
	for i, of := range a {
		row := texts(of.Name, of.Text, b[i].Text, "")
		switch {
		case of.free: // two runs always differ in it
		case of.Text == b[i].Text:
			row[3] = cell{Sign: "✓", Text: "alike", Class: "holds"}
		default:
			row[3] = cell{Sign: "≠", Text: "differs", Class: "differs"}
		}
		t.Rows = append(t.Rows, row)
	}
	var warnings list
	for _, w := range c.Warnings {
		warnings.Items = append(warnings.Items, item{Sign: "≠", Text: w})
	}
	experiment := []block{warnings, verbatim{"The experiment of A", c.A.Run.Experiment}, verbatim{"The experiment of B", c.B.Run.Experiment}}
	return []section{{ID: "runs", Heading: "The two runs", Only: inHTML, Blocks: append([]block{t}, experiment...)}}
}

// runFact is something to know of a run.
type runFact struct {
	fact
	free bool // may differ without a word
}

func runFacts(s verdict.Side) []runFact {
	r, m := s.Run, s.Run.Machine
	free := func(name, text string) runFact { return runFact{fact{name, text}, true} }
	bound := func(name, text string) runFact { return runFact{fact{name, text}, false} }
	return []runFact{
		free("Run", r.ID), free("Started", stamp(r.Started)), free("Seed", strconv.FormatInt(r.Seed, 10)), bound("Controls", controlsOf(s)),
		bound("CPU", m.CPU), bound("Cores", strconv.Itoa(m.Cores)), bound("Memory", machine.Size(m.MemoryMiB*machine.MiB)),
		bound("Kernel", m.Kernel), bound("System", m.OS+"/"+m.Arch),
		bound("tollgate", r.Tool.Version), bound("Go", r.Tool.Go), bound("Environment", r.Environment), bound("Profile", r.Profile),
		free("Measured", measured(r, s.Load)), bound("Journeys", r.Journeys),
	}
}
