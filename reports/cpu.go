package reports

import (
	"fmt"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/flame"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// cpuSection is where the CPU time of each level goes, by CPU profiles of its services.
func cpuSection(a *verdict.Analysis) []section {
	if a.CPU == nil {
		return nil
	}
	c := a.CPU
	blocks := []block{
		lead{Only: inText | inMarkdown | inHTML, Text: say("CPU time in µs per request by kind of code, from CPU profiles of all services")},
		picture{cpuBars(c)}, cpuByLevel(c), cpuByGroup(c), para{Only: inText | inMarkdown | inHTML, Text: say(cpuMethod(c))}, cpuMissing(c), cpuKinds(c), cpuFunctions(c),
	}
	if base, dear := c.Baseline(), c.Dearest(); dear != nil {
		widest := dear.Total.Value
		if base != nil {
			widest = max(widest, base.Total.Value)
			blocks = append(blocks, flameOf("flame-baseline", base, widest))
		}
		blocks = append(blocks, flameOf("flame-dearest", dear, widest))
	}
	return []section{{ID: "cpu", Heading: "Where the CPU goes", Sub: true, Blocks: append(blocks, recordsOf(cpuRecords(c)))}}
}

// cpuMethod says what the numbers are.
func cpuMethod(c *verdict.CPU) string {
	text := fmt.Sprintf("The profiles were taken under the toll's load for %s per level and launch, after the rounds, so that the toll has no part of them. "+
		"What a level uses at rest is included. ± is two standard errors. %s stands for fewer than %d samples.",
		fixed(c.Length.Seconds(), 0)+" s", capital(tooFew), verdict.LeastSamples)
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, l := range c.Levels {
		if share := l.Total.Value / l.Kernel; known(share) {
			lo, hi = min(lo, share), max(hi, share)
		}
	}
	if lo > hi {
		return text
	}
	return text + fmt.Sprintf(" The samples account for %s to %s %% of the CPU time that the kernel counted meanwhile.", fixed(100*lo, 0), fixed(100*hi, 0))
}

// cpuGroups are the groups that any level has been seen in often enough, in display order.
func cpuGroups(c *verdict.CPU) []flame.Group {
	return slices.DeleteFunc(flame.Groups(), func(g flame.Group) bool {
		return !slices.ContainsFunc(c.Levels, func(l verdict.CPULevel) bool { return groupShare(l, g).Seen() })
	})
}

// groupShare is what a level has of a group.
func groupShare(l verdict.CPULevel, g flame.Group) verdict.CPUShare {
	if i := slices.Index(flame.Groups(), g); i < len(l.Groups) {
		return l.Groups[i]
	}
	return verdict.CPUShare{}
}

// cpuByLevel has a row for every level: on the page, where there may be many.
func cpuByLevel(c *verdict.CPU) table {
	out := table{Only: inHTML, Columns: heads(true, "Level", "All"), Label: "CPU time by kind of code", Class: "numbers bill",
		Caption: "µs per request; below it how many samples that is, and how much more than the baseline (~: no more than its two standard errors)"}
	groups := cpuGroups(c)
	for _, g := range groups {
		out.Columns = append(out.Columns, column{Head: cell{Text: g.Name}, Right: true})
	}
	for _, l := range c.Levels {
		row := []cell{{Text: l.Arm.Name, Role: armNote(l.Arm)}, cpuCell(l.Total)}
		for _, g := range groups {
			row = append(row, cpuCell(groupShare(l, g)))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// cpuByGroup has a row for every kind of code, with the same cells.
func cpuByGroup(c *verdict.CPU) table {
	out := table{Only: inText | inMarkdown, Columns: heads(true, "µs per request"), Label: "CPU time by kind of code", Narrow: true}
	if len(c.Levels) == 0 {
		return out
	}
	all := []cell{{Text: "all"}}
	for _, l := range c.Levels {
		out.Columns = append(out.Columns, column{Head: cell{Text: l.Arm.Name}, Right: true})
		all = append(all, cpuCell(l.Total))
	}
	out.Rows = append(out.Rows, all)
	for _, g := range cpuGroups(c) {
		row := []cell{{Text: g.Name}}
		for _, l := range c.Levels {
			row = append(row, cpuCell(groupShare(l, g)))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// tooFew stands for a value with too few samples.
const tooFew = "few"

// cpuCell is a share with the number of samples behind it, and its difference to the baseline.
func cpuCell(s verdict.CPUShare) cell {
	out := cell{Text: tooFew, Gloss: []string{fmt.Sprintf("n = %s", fixed(float64(s.Samples), 0))}}
	if s.Seen() {
		out.Text = plusMinus(s.Value, s.Error, fixed)
	}
	if over := cpuOver(s); over != "" {
		out.Gloss = append(out.Gloss, over)
	}
	return out
}

// cpuOver is the difference to the baseline: "+95 ±31", ~ where it is within its errors, and "" without one that can be shown.
func cpuOver(s verdict.CPUShare) string {
	switch {
	case !known(s.Over):
		return ""
	case s.Differs():
		return plusMinus(s.Over, s.OverError, signed)
	default:
		return same
	}
}

// plusMinus is a time in µs with two standard errors, to as many digits as these call for.
func plusMinus(x, err float64, format func(float64, int) string) string {
	d := precision(verdict.Interval{Lo: 1e6 * (x - err), Mid: 1e6 * x, Hi: 1e6 * (x + err)})
	return format(1e6*x, d) + " ±" + fixed(1e6*err, d)
}

// cpuKinds says what belongs to each kind of code.
func cpuKinds(c *verdict.CPU) folded {
	var out facts
	for _, g := range cpuGroups(c) {
		out.List = append(out.List, fact{g.Name, g.Title})
	}
	return folded{Summary: say("What belongs to which kind of code"), Blocks: []block{out}}
}

// cpuMissing names what there is no profile of.
func cpuMissing(c *verdict.CPU) list {
	out := list{Only: inText | inMarkdown | inHTML}
	for _, text := range c.Missing {
		out.Items = append(out.Items, item{Sign: "-", Text: "left out: " + text})
	}
	return out
}

// cpuFunctions are the functions that the dearest level spends most time in, callees apart.
func cpuFunctions(c *verdict.CPU) table {
	dear := c.Dearest()
	if dear == nil {
		return table{Only: inText | inMarkdown | inHTML}
	}
	out := table{Only: inText | inMarkdown | inHTML, Class: "numbers", Columns: heads(true, "function at "+dear.Arm.Name, "µs per request", "samples", "over the baseline"),
		Label: "Functions by their own CPU time", Caption: "The functions that " + dear.Arm.Name + " spends most CPU time in, without what they call"}
	names := map[string]string{}
	for _, g := range flame.Groups() {
		names[g.ID] = g.Name
	}
	for _, f := range dear.Functions {
		over := cpuOver(f)
		out.Rows = append(out.Rows, []cell{{Text: f.Name, Role: names[f.Group], Code: true}, {Text: plusMinus(f.Value, f.Error, fixed)},
			{Text: fixed(float64(f.Samples), 0)}, {Text: over}})
	}
	return out
}

// cpuRecords are the shares of all groups for the CSV, those with few samples too.
func cpuRecords(c *verdict.CPU) []map[string]any {
	var out []map[string]any
	for _, l := range c.Levels {
		for _, s := range append([]verdict.CPUShare{l.Total}, l.Groups...) {
			name := s.Name
			if name == "" {
				name = "all"
			}
			record := ofArm(map[string]any{"metric": "cpu_profile", "item": name, "unit": string(verdict.Seconds), "per": "request",
				"value": s.Value, "value_error": s.Error, "samples": int(s.Samples)}, l.Arm)
			if known(s.Over) {
				record["diff"], record["diff_lo"], record["diff_hi"], record["significant"] = s.Over, s.Over-s.OverError, s.Over+s.OverError, s.Differs()
			}
			out = append(out, record)
		}
	}
	return out
}
