package reports

import (
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// repeatsSection is what faults that were injected more than once came to.
func repeatsSection(a *verdict.Analysis) []section {
	if a.Catch == nil || len(a.Catch.Repeats) == 0 {
		return nil
	}
	lines := table{Columns: heads(false, "fault", "level", "detected", "at least", "time to detect", "soonest", "time to clear"), Narrow: true,
		Label: "Faults that were injected more than once", Caption: "How often each fault was detected"}
	var records []map[string]any
	for _, r := range a.Catch.Repeats {
		share, soonest := "–", "–"
		if known(r.Share.Lo) {
			share = percentOf(r.Share.Lo)
		}
		if r.Detected > 0 {
			soonest = elapsed(r.Soonest)
		}
		seen := fmt.Sprintf("%d of %d", r.Detected, r.N)
		if r.Open > 0 {
			seen += fmt.Sprintf(", %d not judged", r.Open)
		}
		lines.Rows = append(lines.Rows, append([]cell{{Text: r.Fault}, levelCell(r.Level)},
			texts(seen, share, spread(r.Detect), soonest, spread(r.Clear))...))
		records = append(records, map[string]any{"fault": r.Fault, "level": r.Level, "metric": "detected_share", "value": r.Share.Mid, "lo": r.Share.Lo,
			"hi": r.Share.Hi, "detected": r.Detected, "passes": r.N, "detect_seconds": catch.Median(r.Detect), "clear_seconds": catch.Median(r.Clear)})
	}
	lines.Only = inText | inMarkdown | inHTML
	return []section{{ID: "repeats", Heading: "Repeated faults", Blocks: []block{
		lead{Text: say("detected passes, the least share of all that they stand for (at 95 %, exact), and times as median [least, most]")}, lines, recordsOf(records),
	}}}
}

// spread is the middle of rising times and their ends.
func spread(rising []time.Duration) string {
	if len(rising) == 0 {
		return "–"
	}
	return fmt.Sprintf("%s [%s, %s]", elapsed(catch.Median(rising)), elapsed(rising[0]), elapsed(rising[len(rising)-1]))
}
