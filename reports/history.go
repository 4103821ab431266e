package reports

import (
	"fmt"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// markSynthetic marks what rests on synthetic history.
const markSynthetic = "≈ synthetic history"

// syntheticCell marks a cell of a matrix that rests on synthetic history.
func syntheticCell(of cell, c catch.Cell) cell {
	if len(c.Synthetic) > 0 {
		of.Gloss = append(of.Gloss, markSynthetic)
	}
	return of
}

// historyStory says what history was put before a run and what it is made of, alike levels together; nil: there is none.
func historyStory(h *result.History, lapse float64) []string {
	if h == nil {
		return nil
	}
	out := []string{fmt.Sprintf("synthetic history before the series: %s in the rules' own time, %s of the run",
		inRules(h.Length, 1), inRules(h.Length, 1/lapse))}
	var told, levels []string
	for _, l := range h.Levels {
		text := fmt.Sprintf("drawn in stretches of %s from %s without a fault (%s in the rules' own time, in %s)",
			elapsed(l.Block), elapsed(l.Clean), inRules(l.Clean, lapse), count(l.Windows, "clean window"))
		if i := slices.Index(told, text); i >= 0 {
			levels[i] += ", " + l.Level
			continue
		}
		told, levels = append(told, text), append(levels, l.Level)
	}
	for i, text := range told {
		out = append(out, "history of "+levels[i]+": "+text)
	}
	return out
}

// inRules writes a time of the run as one of rules that were divided by lapse.
func inRules(d time.Duration, lapse float64) string {
	written := time.Duration(float64(d) * lapse)
	switch hours := written.Hours(); {
	case hours >= 48:
		return fixed(hours/24, 1) + " days"
	case hours >= 2:
		return fixed(hours, 1) + " h"
	default:
		return elapsed(written)
	}
}

// backtestSynthetic lists the cells of the second side that rest on synthetic history.
func backtestSynthetic(c *backtest.Comparison) []section {
	if c.History == nil {
		return nil
	}
	var out list
	for _, row := range c.Rows {
		for _, p := range row.Cells {
			if len(p.Second.Synthetic) > 0 {
				out.Items = append(out.Items, syntheticItem(row.Name, p.Second))
			}
		}
	}
	return syntheticSection(out)
}

func syntheticItem(fault string, c catch.Cell) item {
	return item{Sign: "-", Hang: 2, Text: fmt.Sprintf("%s at %s, %s: %s", fault, c.Level, c.State, join(c.Synthetic))}
}

// syntheticSection is the list of cells that rest on synthetic history, or says that none does.
func syntheticSection(cells list) []section {
	if len(cells.Items) == 0 {
		cells.Items = []item{{Sign: "-", Hang: 2, Text: "no cell"}}
	}
	return []section{{ID: "history", Heading: "What rests on synthetic history", Blocks: []block{
		lead{Text: say("cells that an alert decided which looked back to before the recorded series")}, cells,
	}}}
}

// historyItem says which alerts were judged on synthetic history.
func historyItem(h *result.History) item {
	judged := "no alert looks back farther than the series of the run, so that none was judged on synthetic history"
	if len(h.Alerts) > 0 {
		judged = "judged on synthetic history after the run, since they look back farther than its series: " + join(h.Alerts)
	}
	return item{Sign: "-", Hang: 2, Text: judged}
}

// historySection says what history a run was judged on, and which cells rest on it.
func historySection(a *verdict.Analysis) []section {
	h := a.Run.History
	if h == nil || a.Catch == nil {
		return nil
	}
	var story, cells list
	for _, text := range historyStory(h, a.Run.Lapse) {
		story.Items = append(story.Items, item{Sign: "-", Hang: 2, Text: text})
	}
	story.Items = append(story.Items, historyItem(h))
	for _, row := range a.Catch.Faults {
		for _, c := range row.Cells {
			if len(c.Synthetic) > 0 {
				cells.Items = append(cells.Items, syntheticItem(row.Name(), c))
			}
		}
	}
	out := syntheticSection(cells)
	out[0].Blocks = append([]block{story}, out[0].Blocks...)
	return out
}
