package reports

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/backtest/resample"
)

// backtestSampling is what other sampling would have kept, and what it would cost.
func backtestSampling(c *backtest.Comparison) []section {
	o := c.Sampling
	if o == nil {
		return nil
	}
	logs := "all log records are kept"
	if o.KeptLogs {
		logs = "only the log records of kept traces are kept, and those of none"
	}
	return []section{
		{ID: "sampling", Heading: "Sampling", Blocks: []block{
			lead{Text: say(fmt.Sprintf("what policies would keep of the %s traces of %s; %s", fixed(float64(o.Traces), 0), o.Level, logs))},
			samplingPoints(o),
			para{Text: say(samplingLegend(o)), Class: "muted"},
		}},
		{ID: "sampling-faults", Heading: "Diagnosed under each policy", Blocks: []block{
			lead{Text: say("the probability that a pass of the fault is diagnosed, exact for these traces")},
			samplingFaults(o),
			samplingNotes(o),
			noteList{},
		}},
	}
}

// samplingPoints has a row for what was measured, and one for every policy.
func samplingPoints(o *resample.Outcome) table {
	t := table{Columns: heads(true, "policy", "spans kept", "diagnosed"), Narrow: true, Label: "Sampling, by policy"}
	for _, m := range o.Metrics {
		t.Columns = append(t.Columns, column{Head: cell{Text: head(m)}, Right: true})
	}
	add := func(name string, gloss []string, p resample.Point) {
		row := []cell{{Text: name, Gloss: gloss}, {Text: shareOf(p.Spans), Gloss: faultShare(p)},
			{Text: fmt.Sprintf("%s of %d", fixed(p.Diagnosed, 1), p.Of)}}
		if p.Measured != "" && p.Measured != o.Level {
			row[2].Gloss = []string{"measured: " + fixed(p.Found, 1)}
		}
		for _, cost := range p.Costs {
			row = append(row, policyCost(o.Baseline, p.Measured, cost))
		}
		t.Rows = append(t.Rows, row)
	}
	add(o.Level, []string{"measured"}, o.Whole)
	for _, p := range o.Points {
		var gloss []string
		if p.Measured != "" {
			gloss = []string{"measured at " + p.Measured}
		}
		add(p.Policy.Text, gloss, p)
	}
	return t
}

// faultShare is the share of the spans that is kept while a fault is held, where it is another than otherwise.
func faultShare(p resample.Point) []string {
	if inFaults := shareOf(p.InFaults); inFaults != shareOf(p.Spans) {
		return []string{inFaults + " in faults"}
	}
	return nil
}

// shareOf is a share that may be unknown.
func shareOf(x float64) string {
	if !known(x) {
		return unknown
	}
	return percentOf(x)
}

// policyCost is what a policy costs over the baseline, and where that is known from, unless it is the level where the policy was measured.
func policyCost(baseline, measured string, c resample.Cost) cell {
	switch {
	case c.Why != "":
		return cell{Text: unknown, Note: head(c.Effect.Metric) + ": " + c.Why}
	case c.Interpolated():
		return cell{Text: costCell(c.Effect), Gloss: []string{"interpolated", c.From + " to " + c.To}}
	case c.To == baseline:
		return cell{Text: "baseline"}
	case c.To == measured:
		return cell{Text: costCell(c.Effect)}
	default:
		return cell{Text: costCell(c.Effect), Gloss: []string{"as at " + c.To}}
	}
}

// samplingLegend says how to read the table.
func samplingLegend(o *resample.Outcome) string {
	parts := []string{"spans kept: of traces that begin in clean windows, and of those that begin while a fault is held where that is another share.",
		"diagnosed: the expected number of faults, of those for which it is known; a fault of several passes counts as the part of them."}
	interpolatedAny, tail := false, false
	for _, p := range o.Points {
		tail = tail || p.Policy.Tail != nil
		for _, c := range p.Costs {
			interpolatedAny = interpolatedAny || c.Interpolated()
		}
	}
	if interpolatedAny {
		parts = append(parts, "interpolated: on the line between two measured levels, by the share of the spans; no level was measured that costs this.")
	}
	if tail {
		parts = append(parts, "With tail sampling the services send every span, so that up to the Collector it costs what "+o.Level+" costs; it saves what is behind it.")
	}
	return strings.Join(parts, " ")
}

// samplingFaults has a row for every fault of which a policy may drop evidence, and a column for every policy.
func samplingFaults(o *resample.Outcome) table {
	t := table{Columns: heads(false, "fault", "evidence", o.Level), Narrow: true, Label: "Faults diagnosed, by policy"}
	for _, p := range o.Points {
		t.Columns = append(t.Columns, column{Head: cell{Text: p.Policy.Text}})
	}
	for _, f := range o.Faults {
		if f.Untouched() {
			continue
		}
		row := []cell{{Text: f.ID}, samplingEvidence(f), {Text: fmt.Sprintf("%d of %d", f.Diagnosed, f.Judged)}}
		for i := range o.Points {
			row = append(row, samplingCell(f, i))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func samplingEvidence(f resample.Fault) cell {
	switch {
	case f.Signal == "":
		return cell{Text: "none"}
	case f.Bearing > 0:
		return cell{Text: f.Signal, Gloss: []string{"in " + count(f.Bearing, "trace")}}
	default:
		return cell{Text: f.Signal}
	}
}

// samplingCell is one fault under one policy.
func samplingCell(f resample.Fault, policy int) cell {
	if f.Why != "" || policy >= len(f.Cells) {
		return cell{Text: unknown, Note: f.ID + ": " + f.Why}
	}
	c := f.Cells[policy]
	out := cell{Text: chanceText(c.Chance)}
	if known(c.Half) {
		out.Gloss = append(out.Gloss, "half within "+lasting(c.Half))
	}
	if c.MeasuredOf > 0 {
		out.Gloss = append(out.Gloss, fmt.Sprintf("measured: %d of %d", c.Measured, c.MeasuredOf))
	}
	return out
}

// chanceText is a probability that is not rounded to one that it is not.
func chanceText(p float64) string {
	switch {
	case !known(p):
		return unknown
	case p > 0.9995 && p < 1:
		return "> 99.9 %"
	case p > 0 && p < 0.0005:
		return "< 0.1 %"
	case p > 0.99:
		return fixed(100*p, digits(100*p, 3)) + " %"
	default:
		return percentOf(p)
	}
}

// samplingNotes say what policies do to the alerts, and what is not known.
func samplingNotes(o *resample.Outcome) list {
	var out list
	sure, open, judged := 0, 0, 0
	var by, found, blind []string
	for _, f := range o.Faults {
		switch {
		case !f.Untouched():
		case f.Diagnosed > 0:
			found = append(found, f.ID)
		default:
			blind = append(blind, f.ID)
		}
		sure, open, judged = sure+f.Detected, open+f.Open, judged+f.Judged
		if f.Open > 0 {
			by = append(by, fmt.Sprintf("%s by %s", f.ID, join(f.By)))
		}
	}
	for _, as := range []struct {
		what string
		ids  []string
	}{{"diagnosed", found}, {"not diagnosed", blind}} {
		if len(as.ids) > 0 {
			out.Items = append(out.Items, item{Sign: "-", Hang: 2, Text: as.what + " whatever is kept, since no policy drops evidence of it: " + join(as.ids)})
		}
	}
	if judged > 0 {
		text := fmt.Sprintf("detected at %s whatever is kept: %d of %d passes", o.Level, sure, judged)
		if open > 0 {
			text += fmt.Sprintf("; not known of %d, which only alerts detected that need what a policy drops: %s", open, strings.Join(by, "; "))
		}
		out.Items = append(out.Items, item{Sign: "-", Hang: 2, Text: text})
	}
	if len(o.Apart) > 0 {
		out.Items = append(out.Items, item{Sign: "-", Hang: 2, Text: "not judged, since they need what a policy drops: " + join(o.Apart)})
	}
	for _, note := range o.Notes {
		out.Items = append(out.Items, item{Sign: "!", Text: note})
	}
	return out
}
