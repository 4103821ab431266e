package reports

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// samplingTable sets what sampling by a ratio should show beside what it did: a row per fault whose evidence is in spans.
func samplingTable(f *verdict.Frontier) table {
	out := table{Only: inText | inMarkdown | inHTML, Columns: heads(false, "requests to a trace", "shows in"), Narrow: true,
		Label: "Sampling by a ratio: requests until a trace of the fault is kept, predicted, and what was found",
		Caption: fmt.Sprintf("Requests until a trace of the fault is kept with %s, predicted from the share of the requests that show it where most traces are kept; "+
			"and what was found", percentOf(verdict.SightConfidence))}
	levels := sampledLevels(f)
	for _, level := range levels {
		out.Columns = append(out.Columns, column{Head: cell{Text: level}})
	}
	for _, s := range f.Sampling {
		row := []cell{{Text: s.Fault}, {Text: percentOf(s.Shows.Mid), Gloss: []string{"at " + s.From}}}
		for _, level := range levels {
			i := slices.IndexFunc(s.Levels, func(l verdict.Sampled) bool { return l.Level == level })
			if i < 0 {
				row = append(row, cell{Text: unknown})
				continue
			}
			row = append(row, sampledCell(s.Levels[i]))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func sampledLevels(f *verdict.Frontier) []string {
	var out []string
	for _, s := range f.Sampling {
		for _, l := range s.Levels {
			if !slices.Contains(out, l.Level) {
				out = append(out, l.Level)
			}
		}
	}
	return out
}

// sampledCell is what is needed, and below it what was expected of the requests there were, and what was found in them.
func sampledCell(l verdict.Sampled) cell {
	return cell{Text: whole10(l.Need.Mid) + " requests", Gloss: []string{
		fmt.Sprintf("[%s, %s], %s;", whole10(l.Need.Lo), whole10(l.Need.Hi), lasting(l.Seconds.Mid)),
		fmt.Sprintf("%s sent: chance %s;", whole10(l.Requests), percentOf(l.Chance)),
		foundWords(l),
	}}
}

// foundWords is what was found of what was to be expected.
func foundWords(l verdict.Sampled) string {
	text := fixed(l.Found, 0) + " found"
	if known(l.First) {
		text += ", the first after " + lasting(l.First)
	}
	return text + ", " + diagnosedWords(l)
}

func diagnosedWords(l verdict.Sampled) string {
	switch {
	case l.Passes > 1:
		return fmt.Sprintf("diagnosed in %d of %d", l.Diagnosed, l.Passes)
	case l.Diagnosed > 0:
		return "diagnosed"
	default:
		return "not diagnosed"
	}
}

// whole10 is a number of requests, rounded to three digits.
func whole10(x float64) string {
	if !known(x) || x == 0 || math.Abs(x) >= 1e15 {
		return fixed(x, 0)
	}
	step := math.Pow(10, max(0, math.Floor(math.Log10(math.Abs(x)))-2))
	return fixed(math.Round(x/step)*step, 0)
}

// lasting is a time in seconds that may be unknown, or longer than a time.Duration can be.
func lasting(seconds float64) string {
	if !known(seconds) || math.Abs(seconds) > 1e9 {
		return amount(seconds, verdict.Seconds)
	}
	return elapsed(time.Duration(seconds * float64(time.Second)))
}

// samplingRecords are the same for the CSV.
func samplingRecords(f *verdict.Frontier) table {
	var records []map[string]any
	for _, s := range f.Sampling {
		for _, l := range s.Levels {
			records = append(records, map[string]any{"fault": s.Fault, "level": l.Level, "metric": "requests_to_a_trace", "value": l.Need.Mid,
				"lo": l.Need.Lo, "hi": l.Need.Hi, "kept": l.Kept, "shows": s.Shows.Mid, "sent": l.Requests, "chance": l.Chance, "found": l.Found, "first_seconds": l.First})
		}
	}
	return recordsOf(records)
}

// frontierRecords are a line per level and share.
func frontierRecords(f *verdict.Frontier) table {
	var records []map[string]any
	for _, p := range f.Points {
		add := func(metric string, yes, of float64, iv verdict.Interval, more map[string]any) {
			record := map[string]any{"level": p.Level, "metric": metric, "value": iv.Mid, "lo": iv.Lo, "hi": iv.Hi, "yes": yes, "judged": of}
			for key, value := range more {
				record[key] = value
			}
			records = append(records, record)
		}
		t := p.Catch
		add("detected", t.Detected.Yes, t.Detected.Of, verdict.Interval(t.Detected.Interval), map[string]any{"dominated_by": join(p.DominatedBy), "predicted": p.Predicted})
		add("diagnosed", t.Diagnosed.Yes, t.Diagnosed.Of, verdict.Interval(t.Diagnosed.Interval), nil)
		add("precision", t.Precision.Yes, t.Precision.Of, verdict.Interval(t.Precision.Interval), nil)
		for _, g := range t.Groups {
			group := map[string]any{"group": g.Group}
			add("detected", g.Detected.Yes, g.Detected.Of, verdict.Interval(g.Detected.Interval), group)
			add("diagnosed", g.Diagnosed.Yes, g.Diagnosed.Of, verdict.Interval(g.Diagnosed.Interval), group)
		}
		for _, s := range t.Severities {
			add("detected", s.Detected.Yes, s.Detected.Of, verdict.Interval(s.Detected.Interval), map[string]any{"severity": s.Severity})
		}
	}
	return recordsOf(records)
}
