package reports

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// renderers are all formats of a run, the gate's print and all formats of a comparison, of an analysis whose strings are a text.
func renderers(text string) map[string]func(io.Writer) error {
	out := map[string]func(io.Writer) error{}
	a := hostile(fixture(), text)
	a.Run.Experiment = "" // may be longer
	for _, f := range All() {
		out[f.Name] = func(w io.Writer) error { return f.Render(verbose(w), a) }
	}
	out["one screen"] = func(w io.Writer) error { return All()[0].Render(w, a) }
	out["gate"] = func(w io.Writer) error { return Verdict(w, a) }
	out["gate in full"] = func(w io.Writer) error { return Verdict(verbose(w), a) }
	c := comparison()
	everyString(reflect.ValueOf(c).Elem(), func(string) string { return text })
	c.A.Run.Experiment, c.B.Run.Experiment = "", "" // as above
	for _, f := range AllCompare() {
		out["compare "+f.Name] = func(w io.Writer) error { return f.Render(w, c) }
	}
	return out
}

// TestLongValuesAreCut: a report is no longer, and takes no more work, for values that are longer than anybody reads.
func TestLongValuesAreCut(t *testing.T) {
	for name, piece := range map[string]string{"a word": "計e\u0301x-A<&|*", "words": "ab - "} {
		n := longestValue/utf8.RuneCountInString(piece) + 1
		short, long := renderers(strings.Repeat(piece, n)), renderers(strings.Repeat(piece, 4*n))
		for format := range short {
			size, work := cost(t, short[format])
			size4, work4 := cost(t, long[format])
			if size > 40<<20 || size4 > size+size/100 {
				t.Errorf("%s, %s: %d bytes of report, and %d of values that are four times as long", name, format, size, size4)
			}
			// The values themselves are copied a few times while they are cleaned, before anything is done with them.
			if work4 > 5*work {
				t.Errorf("%s, %s: %d bytes of memory, and %d for values that are four times as long", name, format, work, work4)
			}
		}
	}
}

// TestTheLengthOfWhatIsCutIsSaid: wherever a long value stands, what is left of it says so.
func TestTheLengthOfWhatIsCutIsSaid(t *testing.T) {
	a := fixture()
	a.Reasons[0] = strings.Repeat("計", 2<<20)
	a.Run.Levels[0].Env = map[string]string{"NAME": a.Reasons[0]}
	a.Run.Experiment = strings.Repeat("a: b\n", 100_000)
	clean := printable(a)
	for what, got := range map[string]string{"reason": clean.Reasons[0], "variable": clean.Run.Levels[0].Env["NAME"]} {
		if want := strings.Repeat("計", longestValue) + "… (2,097,152 characters)"; got != want {
			t.Errorf("the %s has %d bytes, want %d", what, len(got), len(want))
		}
	}
	if got := clean.Run.Experiment; !strings.HasSuffix(got, "b\n… (500,000 characters)") || len(got) > longestText+100 {
		t.Errorf("the experiment has %d bytes and ends in %q", len(got), got[len(got)-50:])
	}
	if got := render(t, "text", a); strings.Count(got, "計") != longestValue || !strings.Contains(got, "(2,097,152 characters)") {
		t.Error("the text report has another part of the reason, or does not say how long it is")
	}
}

// TestMoreItemsTakeAsMuchMore: four times as many reasons, notes, footnotes, levels and faults take about four times the work, and no
// report is longer than four times.
func TestMoreItemsTakeAsMuchMore(t *testing.T) {
	for name, more := range map[string]func(a *verdict.Analysis, n int){
		"reasons": func(a *verdict.Analysis, n int) { a.Reasons = repeated(a.Reasons[:1], n) },
		"notes":   func(a *verdict.Analysis, n int) { a.Notes = repeated([]string{"a note"}, n) },
		"footnotes": func(a *verdict.Analysis, n int) {
			a.Toll = repeated(a.Toll[:1], n/10)
			for i := range a.Toll {
				a.Toll[i].Effects = append([]verdict.Effect(nil), a.Toll[i].Effects...)
				for j := range a.Toll[i].Effects {
					a.Toll[i].Effects[j].Note = fmt.Sprintf("note %04d of %02d", i, j)
				}
			}
		},
		"budgets":  func(a *verdict.Analysis, n int) { a.Budgets = repeated(a.Budgets[:1], n) },
		"warnings": func(a *verdict.Analysis, n int) { a.Run.Warnings = repeated(a.Run.Warnings[:1], n) },
		"faults":   func(a *verdict.Analysis, n int) { a.Catch.Faults = repeated(a.Catch.Faults[:1], n/10) },
		"alerts":   func(a *verdict.Analysis, n int) { a.Run.Alerts = repeated(a.Run.Alerts[:1], n) },
		"cells": func(a *verdict.Analysis, n int) {
			a.Catch.Levels = repeated(a.Catch.Levels[:1], n/10)
			for i := range a.Catch.Faults {
				a.Catch.Faults[i].Cells = repeated(a.Catch.Faults[i].Cells[:1], n/10)
			}
		},
		"alarms": func(a *verdict.Analysis, n int) {
			a.Catch.Faults[0].Cells = append([]catch.Cell(nil), a.Catch.Faults[0].Cells...)
			a.Catch.Faults[0].Cells[0].False = repeated([]string{"Alarm"}, n)
		},
	} {
		const n = 400
		of := func(n int) *verdict.Analysis {
			a := fixture()
			more(a, n)
			return a
		}
		for _, f := range All() {
			size, work := cost(t, func(w io.Writer) error { return f.Render(verbose(w), of(n)) })
			size4, work4 := cost(t, func(w io.Writer) error { return f.Render(verbose(w), of(4*n)) })
			if size4 > 9*size/2 || work4 > 6*work {
				t.Errorf("%s, %s: %d bytes of report and %d of memory, and %d and %d for four times as many", name, f.Name, size, work, size4, work4)
			}
		}
	}
}

func repeated[T any](of []T, n int) []T {
	var out []T
	for range n {
		out = append(out, of...)
	}
	return out
}

// cost is the size of a report and the memory that was taken to make it, in bytes.
func cost(t *testing.T, render func(io.Writer) error) (size int, work uint64) {
	t.Helper()
	var before, after runtime.MemStats
	var out bytes.Buffer
	runtime.ReadMemStats(&before)
	if err := render(&out); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return out.Len(), after.TotalAlloc - before.TotalAlloc
}
