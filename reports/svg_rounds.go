package reports

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// roundsSection is the picture of all rounds in their order.
func roundsSection(a *verdict.Analysis) []section {
	return []section{{ID: "rounds", Heading: "Round by round", Only: inHTML, Sub: true, Blocks: []block{picture{roundsPicture(a)}}}}
}

// roundsPicture draws every level beside the baseline, a dot for each round in the order of the run: a small plot for each, all on the
// same axes. It is empty where no other arm has a value beside the baseline's.
func roundsPicture(a *verdict.Analysis) template.HTML {
	if len(a.Rounds) == 0 || a.Rounds[0].Arm.Role != result.RoleBaseline {
		return ""
	}
	var values []float64
	longest := 0
	for _, r := range a.Rounds {
		n := 0
		for _, launch := range r.Launches {
			n += len(launch)
			for _, v := range launch {
				values = append(values, math.Log10(v)) // what has none is no number, and the axis leaves it out
			}
		}
		longest = max(longest, n)
	}
	x := axis{-0.5, max(float64(longest), 1) - 0.5, curvesLeft, curvesRight}
	y := newAxis(values, 0.05, 0.04, curvesBottom, curvesTop)
	base := a.Rounds[0]
	m := multiples{Base: base.Arm, Caption: "Every round in the order of the run: " + base.Metric.Title + ", in ms (logarithmic). Grey is " + base.Arm.Name +
		"; a line stands where a launch begins. What the arms of one launch have in common is of the launch and not of the level."}
	told := roundWords(base)
	for launch, of := range base.Launches {
		for i := range of {
			n := len(m.Places)
			m.Places = append(m.Places, reading{x.at(float64(n)), fmt.Sprintf("launch %d, round %d", launch+1, i+1), told[n]})
		}
	}
	for i, r := range a.Rounds[1:] {
		if r.Arm.Role != result.RoleKnownDelay {
			m.Plots = append(m.Plots, multiple{r.Arm, roundsPlot(fmt.Sprintf("rounds-%d", i+1), base, r, x, y), roundWords(r)})
		}
	}
	if longest == 0 {
		return ""
	}
	return m.figure()
}

// roundWords are the values of an arm in the order of the run.
func roundWords(r verdict.RoundValues) []string {
	var out []string
	for _, launch := range r.Launches {
		for _, v := range launch {
			out = append(out, amount(v, r.Metric.Unit))
		}
	}
	return out
}

// roundsPlot draws one arm and the baseline.
func roundsPlot(id string, base, r verdict.RoundValues, x, y axis) template.HTML {
	c := &canvas{w: curvesWidth, h: curvesBottom + 22}
	for _, v := range logTicks(y) {
		at := y.at(v)
		c.add("line", "x1", curvesLeft, "x2", curvesRight, "y1", at, "y2", at, "class", "grid")
		c.text(curvesLeft-6, at+4, "end small", milliseconds(v))
	}
	round, last := 0, math.Inf(-1)
	for i, launch := range base.Launches {
		from, to := x.at(float64(round)-0.5), x.at(float64(round+len(launch))-0.5)
		c.add("line", "x1", from, "x2", from, "y1", curvesTop, "y2", curvesBottom, "class", "axis")
		label := fmt.Sprintf("launch %d", i+1)
		if half := float64(cellWidth(label)) * charWidth / 2; (from+to)/2-half > last {
			c.text((from+to)/2, curvesBottom+16, "middle small", label)
			last = (from+to)/2 + half + 4
		}
		round += len(launch)
	}
	c.path("rounds base", dots(base, x, y))
	c.path("rounds of", dots(r, x, y))
	return c.svg(id, "Rounds of "+r.Arm.Name+" and "+base.Arm.Name, fmt.Sprintf("%s in %s.", count(round, "value"), count(len(base.Launches), "launch")))
}

// dots are the values of an arm as strokes of no length, which round ends make dots.
func dots(r verdict.RoundValues, x, y axis) string {
	var b strings.Builder
	round := 0
	for _, launch := range r.Launches {
		for _, v := range launch {
			if log := math.Log10(v); known(log) {
				fmt.Fprintf(&b, "M%s %sh0", pixel(x.at(float64(round))), pixel(y.at(log)))
			}
			round++
		}
	}
	return b.String()
}
