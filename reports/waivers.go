package reports

import (
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// waiversSection is what somebody has accepted until a day.
func waiversSection(a *verdict.Analysis) []section {
	if a.Catch == nil || len(a.Catch.Waivers) == 0 {
		return nil
	}
	lines := list{Only: inText | inMarkdown}
	page := table{Only: inHTML, Columns: heads(false, "Waived", "Reason", "Until", "In this run"), Label: "Waivers",
		Caption: "What is known and accepted"}
	var records []map[string]any
	for _, w := range a.Catch.Waivers {
		sign, use := waiverUse(w)
		lines.Items = append(lines.Items, item{Sign: sign, Text: w.Text() + ": " + w.Reason + "; until " + w.Expires + "; " + use, Hang: 2})
		page.Rows = append(page.Rows, []cell{{Sign: sign, Text: w.Text()}, {Text: w.Reason}, {Text: w.Expires}, {Text: use}})
		records = append(records, map[string]any{"metric": "waiver", "fault": w.Fault, "alert": w.Alert, "level": w.Level, "state": use, "saw": w.Text(), "note": w.Reason, "want": "until " + w.Expires})
	}
	return []section{{ID: "waivers", Heading: "Waivers", Verdict: true, Short: true, Blocks: []block{
		lead{Text: say("what is known and accepted until a day")}, lines, page, recordsOf(records),
	}}}
}

// waiverUse says what became of a waiver.
func waiverUse(w catch.Waiver) (sign, text string) {
	switch {
	case w.Expired:
		return outcomeMark(verdict.Fail), "expired before this run"
	case len(w.Used) == 0:
		return "-", "not needed in this run"
	default:
		return "-", "needed: " + strings.Join(w.Used, ", ")
	}
}
