package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// recordBlocks show what was found of a fault, in text and Markdown: a log record of the first level that has one, and a trace of the
// first level that has one, with the log record of the same request if there is one.
func recordBlocks(s catch.Story) []block {
	var out []block
	logged, traced := false, false
	for _, l := range s.Levels {
		if l.Example == nil {
			continue
		}
		trace := len(l.Waterfall) > 0 && !traced
		if record := l.Example.Log; record != nil && (trace || !logged) {
			logged = true
			out = append(out, list{Items: []item{{Text: "log record at " + l.Level + ": " + logLine(*record, l.Example.TraceID), Hang: 2}}})
		}
		if trace {
			traced = true
			out = append(out, traceBlocks(l)...)
		}
	}
	return out
}

// logLine is a log record on one line, as a console shows it.
func logLine(r result.LogRecord, trace string) string {
	parts := []string{r.Time.UTC().Format("15:04:05.000")}
	for _, part := range []string{r.Severity, r.Service, r.Body} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	parts = append(parts, pairs(r.Attributes)...)
	if r.Left > 0 {
		parts = append(parts, "… and "+count(r.Left, "attribute")+" more")
	}
	if trace != "" {
		parts = append(parts, "trace="+trace)
	}
	return strings.Join(parts, " ")
}

// pairs are attributes as key=value, by their keys.
func pairs(attributes map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		out = append(out, key+"="+attributes[key])
	}
	return out
}

// Limits of what is shown of a trace.
const (
	spansInText = 40 // and in Markdown
	deepest     = 8  // spans that are deeper are indented no more
	barCells    = 24 // of text
)

// traceBlocks show the spans of a trace: in text with bars, in Markdown without.
func traceBlocks(l catch.LevelStory) []block {
	bars := l.Waterfall
	begin, total := extent(bars)
	shown := table{Columns: []column{
		{Head: cell{Text: "starts at"}}, {Head: cell{Text: "span"}}, {Head: cell{Text: "takes"}}, {Head: cell{Text: "of " + elapsed(total)}, Only: inText},
	}}
	for _, b := range bars[:min(len(bars), spansInText)] {
		shown.Rows = append(shown.Rows, texts(elapsed(b.Start.Sub(begin)), barName(b), elapsed(b.Took), barCellsOf(b, begin, total)))
	}
	return []block{list{Items: []item{{Text: traceTitle(l)}}}, shown, tellingList(bars), leftList(l, spansInText)}
}

// tracePage shows the spans of a trace on the page; nothing where the level kept none.
func tracePage(l catch.LevelStory) []block {
	if len(l.Waterfall) == 0 {
		return nil
	}
	return []block{
		para{Only: inHTML, Text: say(capital(traceTitle(l)) + ":")},
		picture{waterfallPicture("Trace of "+l.Level, l.Waterfall)}, tellingList(l.Waterfall), leftList(l, waterfallSpans),
	}
}

func traceTitle(l catch.LevelStory) string {
	_, total := extent(l.Waterfall)
	return fmt.Sprintf("trace %s at %s: %s in %s", l.Example.TraceID, l.Level, count(len(l.Waterfall), "span"), elapsed(total))
}

// tellingList has the spans in which the cause shows, with their attributes.
func tellingList(bars []catch.Bar) list {
	var out list
	for _, b := range bars {
		if b.Telling {
			out.Items = append(out.Items, item{Sign: tellingMark, Text: strings.Join(append([]string{spanName(b)}, pairs(b.Attributes)...), " "), Hang: 2})
		}
	}
	return out
}

// leftList says how many spans of a trace are not shown, and where they are.
func leftList(l catch.LevelStory, shown int) list {
	var out list
	if left := len(l.Waterfall) - shown; left > 0 {
		out.Items = append(out.Items, item{Text: "… and " + count(left, "span") + " more, in report.json"})
	}
	if left := l.Example.Left; left > 0 {
		out.Items = append(out.Items, item{Text: count(left, "span") + " of the trace were not kept"})
	}
	return out
}

// Marks of spans, beside their names.
const (
	tellingMark = "◆"
	failedMark  = "✗"
)

// spanName is the service of a span and its name.
func spanName(b catch.Bar) string { return strings.Trim(b.Service+": "+b.Name, ": ") }

// barName is the name of a span, indented by what it is part of, with its marks.
func barName(b catch.Bar) string {
	name := strings.Repeat("· ", min(b.Depth, deepest))
	if b.Telling {
		name += tellingMark + " "
	}
	if b.Status == result.StatusError {
		name += failedMark + " "
	}
	return name + spanName(b)
}

// extent is when a trace begins, and how long it takes; never 0.
func extent(bars []catch.Bar) (begin time.Time, total time.Duration) {
	for i, b := range bars {
		if i == 0 || b.Start.Before(begin) {
			begin = b.Start
		}
	}
	for _, b := range bars {
		total = max(total, b.Start.Sub(begin)+b.Took)
	}
	return begin, max(total, 1)
}

// barCellsOf is a bar of text, at least one cell.
func barCellsOf(b catch.Bar, begin time.Time, total time.Duration) string {
	cells := func(d time.Duration) int { return int(float64(barCells) * float64(d) / float64(total)) }
	from := min(max(cells(b.Start.Sub(begin)), 0), barCells-1)
	to := min(max(cells(b.Start.Sub(begin)+b.Took), from+1), barCells)
	return strings.Repeat("·", from) + strings.Repeat("█", to-from)
}
