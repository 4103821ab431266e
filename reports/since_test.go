package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/since"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// seriesRuns are nights of the fixture: from the ninth on full costs 20 % more at p50, and metrics misses a fault; the sixth is invalid,
// the last two are of another kernel.
func seriesRuns() []since.Run {
	var out []since.Run
	for n := range 17 {
		a := fixture()
		a.Run.Started = a.Run.Started.AddDate(0, 0, n)
		a.Run.ID = a.Run.Started.Format("20060102-150405") + "-pr"
		for i := range a.Toll {
			for j := range a.Toll[i].Effects {
				e := &a.Toll[i].Effects[j]
				wobble := 0.002 * float64((n*7+i*3+j*5)%5-2)
				if n >= 8 && a.Toll[i].Arm.Level == "full" && e.Metric.ID == "p50" {
					wobble += 0.2
				}
				e.Ratio = verdict.Interval{Lo: e.Ratio.Lo + wobble, Mid: e.Ratio.Mid + wobble, Hi: e.Ratio.Hi + wobble}
			}
		}
		if n >= 8 {
			a.Run.Tool.Version = "v0.2.0"
			a.Catch.Faults[1].Cells[1] = catch.Cell{Level: "metrics", State: catch.Missed}
		}
		if n == 5 {
			a.Controls[0].OK = false
		}
		if n >= 15 {
			a.Run.Machine.Kernel = "6.8.0"
		}
		out = append(out, since.Of("runs/"+a.Run.ID, a))
	}
	return out
}

func seriesOf(t *testing.T, runs []since.Run) *since.History {
	t.Helper()
	h, err := since.New(runs, since.FalseAlarms)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func renderSince(t *testing.T, format string, h *since.History) string {
	t.Helper()
	f, err := LookupSince(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Render(&b, h); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func TestSinceGolden(t *testing.T) {
	h := seriesOf(t, seriesRuns())
	for _, f := range AllSince() {
		golden(t, filepath.Join("testdata", "since."+f.Name), renderSince(t, f.Name, h))
	}
}

// oddSeries are series as nobody wants them: hostile, of one run, of none, of numbers that are none.
func oddSeries(t *testing.T) map[string]*since.History {
	t.Helper()
	bad := seriesRuns()
	for i := range bad {
		r := &bad[i]
		r.Run.ID, r.From, r.Run.Tool.Version = evil+r.Run.ID, evil, evil
		r.Run.Machine.CPU = evil
		for j := range r.Tolls {
			r.Tolls[j].Level = evil + r.Tolls[j].Level
		}
		for j := range r.Cells {
			r.Cells[j].Fault, r.Cells[j].Level = evil, evil+r.Cells[j].Level
		}
	}
	nan := seriesRuns()
	for i := range nan {
		for j := range nan[i].Tolls {
			for k := range nan[i].Tolls[j].Effects {
				e := &nan[i].Tolls[j].Effects[k]
				e.Diff, e.Ratio = verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}, verdict.Interval{Lo: math.Inf(-1), Mid: math.Inf(1), Hi: math.Inf(1)}
			}
		}
	}
	return map[string]*since.History{
		"hostile": seriesOf(t, bad), "one run": seriesOf(t, seriesRuns()[:1]), "too few": seriesOf(t, seriesRuns()[:7]), "none": seriesOf(t, nil), "NaN": seriesOf(t, nan),
		"left out": seriesOf(t, seriesRuns()[5:6]),
	}
}

// Text of a run is hostile, a series may hold next to nothing, and the text keeps to its columns.
func TestSinceOdd(t *testing.T) {
	for name, h := range oddSeries(t) {
		for _, f := range AllSince() {
			got := renderSince(t, f.Name, h)
			if strings.ContainsAny(got, "\x1b\x07\r") {
				t.Errorf("%s, %s: a control character came through", name, f.Name)
			}
			if (f.Name == "markdown" || f.Name == "html") && strings.Contains(got, "<script>") {
				t.Errorf("%s, %s: HTML came through", name, f.Name)
			}
			if f.Name == "html" && !strings.Contains(html.UnescapeString(got), `content="default-src 'none'`) {
				t.Errorf("%s: no content security policy", name)
			}
			if f.Name == "json" && !json.Valid([]byte(got)) {
				t.Errorf("%s: not JSON:\n%s", name, got)
			}
			for _, line := range strings.Split(got, "\n") {
				if f.Name == "text" && cellWidth(line) > columns {
					t.Errorf("%s: %d columns: %s", name, cellWidth(line), line)
				}
			}
		}
	}
}

func TestSinceHeadline(t *testing.T) {
	for name, want := range map[string]string{
		"too few": "Too few runs to find a change: a setting needs 10 of them at a false alarm rate of 1.0 %.",
		"none":    "No run of the series has a toll that may be believed.", "left out": "No run of the series has a toll that may be believed.",
	} {
		if got := strings.Join(sinceHeadline(oddSeries(t)[name]), " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	h := seriesOf(t, seriesRuns())
	if got := sinceHeadline(h); len(got) != 1 || !strings.HasPrefix(got[0], "At full p50 rose by +17.") || !strings.Contains(got[0], "in run 20260110-150405-pr of 2026-01-10 15:04:05 UTC; it has other versions: tollgate v0.1.0 → v0.2.0.") {
		t.Errorf("headline %q", got)
	}
}

// A report.json says the same as the directory that it was made from.
func TestReadSince(t *testing.T) {
	a := fixture()
	want := since.Of("x", a)
	got, err := ReadSince("x", []byte(render(t, "json", a)))
	if err != nil {
		t.Fatal(err)
	}
	if other := verdict.Apart(want.Run, got.Run); len(other) > 0 {
		t.Errorf("the report is of another setting: %q", other)
	}
	if other := verdict.Causes(want.Run, got.Run); len(other) > 0 {
		t.Errorf("the report has other causes: %q", other)
	}
	if len(got.Tolls) != len(want.Tolls) || len(got.Cells) != len(want.Cells) || !got.Summary || got.Left != want.Left {
		t.Fatalf("read %d tolls and %d cells, left %q", len(got.Tolls), len(got.Cells), got.Left)
	}
	for i, toll := range want.Tolls {
		for j, e := range toll.Effects {
			f := got.Tolls[i].Effects[j]
			if same := math.Abs(e.Diff.Mid-f.Diff.Mid) <= 1e-9*math.Abs(e.Diff.Mid) || math.IsNaN(e.Diff.Mid) && math.IsNaN(f.Diff.Mid); f.Metric.ID != e.Metric.ID || f.Metric.Unit != e.Metric.Unit || !same {
				t.Errorf("%s: read %+v, want %+v", e.Metric.ID, f, e)
			}
		}
	}
	for i, c := range want.Cells {
		if got.Cells[i] != c {
			t.Errorf("read %+v, want %+v", got.Cells[i], c)
		}
	}
}

// FuzzReadSince: a report.json comes from anywhere; it is refused or makes a run that every format can show.
func FuzzReadSince(f *testing.F) {
	f.Add(`{"schema": 2, "run": {"id": "x", "started": "2026-01-02T15:04:05Z"}}`)
	f.Add(`{"schema": 2, "run": {"id": "x", "started": "2026-01-02T15:04:05Z"}, "toll": [{"arm": {"role": "level"}, "values": [{"metric": "p50", "diff": {"mid": 1e308}, "ratio": {"mid": -2}}]}], "catch": {"faults": [{"cells": [{}]}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		run, err := ReadSince("x", []byte(text))
		if err != nil {
			return
		}
		h, err := since.New([]since.Run{run}, since.FalseAlarms)
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range AllSince() {
			if err := format.Render(&bytes.Buffer{}, h); err != nil {
				t.Errorf("%s: %v", format.Name, err)
			}
		}
	})
}

func TestLookupSince(t *testing.T) {
	if _, err := LookupSince("junit"); err == nil || !strings.Contains(err.Error(), "use one of text, html, markdown, json, csv") {
		t.Errorf("error %v", err)
	}
	f, err := LookupSince("text")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Render(full{}, seriesOf(t, nil)); !errors.Is(err, errFull) {
		t.Errorf("error %v, want that of the writer", err)
	}
}

// withAPast is a run that fails budgets, with what earlier runs say of that.
func withAPast() *verdict.Analysis {
	a := fixture()
	first := verdict.RunMark{ID: "20260101-150405-pr", Started: time.Date(2026, 1, 1, 15, 4, 5, 0, time.UTC), Version: "v0.1.0"}
	a.Since = &verdict.Since{Runs: 9, With: "20260101-150405-pr", Unlike: []string{"other machine: kernel 6.1.0 → 6.8.0"}, Fails: []verdict.FailsSince{
		{Budget: verdict.Budget{Text: "p50 <= +5%"}, Level: "full", First: first, Failing: 3, Known: 9, Met: true, Changed: &verdict.ChangedIn{
			Metric: a.Toll[0].Effects[0].Metric, Ratio: true, In: first, Before: verdict.Interval{Lo: 0.01, Mid: 0.02, Hi: 0.03}, Now: verdict.Interval{Lo: 0.1, Mid: 0.12, Hi: 0.14},
			By: verdict.Interval{Lo: 0.08, Mid: 0.1, Hi: 0.12}, Other: []string{"other versions: Go 1 → 2"}}},
		{Budget: verdict.Budget{Text: "all detected"}, Level: "metrics", Fault: "lag", State: catch.Missed, First: first, Known: 4},
		{Budget: verdict.Budget{Text: "cpu <= +5%"}, Level: "full", First: first, Failing: 4, Known: 4, Few: true},
		{Budget: verdict.Budget{Text: "rss <= +5%"}, Level: "full"},
	}}
	return a
}

func TestFailsSince(t *testing.T) {
	var got []string
	for _, f := range withAPast().Since.Fails {
		got = append(got, failsSince(f))
	}
	for i, want := range []string{
		"p50 <= +5% at full: not met since run 20260101-150405-pr of 2026-01-01 15:04:05 UTC, by 4 runs up to this one; p50 changed by +10.0 % [+8.0, +12.0] in run",
		"all detected at metrics, lag missed: not met for the first time; the run before met it",
		"cpu <= +5% at full: not met by any of the 4 earlier runs that know it, the first of them 20260101-150405-pr of 2026-01-01 15:04:05 UTC; too few runs to find a change",
		"rss <= +5% at full: no earlier run knows it; no change beyond chance in these runs",
	} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("%q, want %q …", got[i], want)
		}
	}
}

// TestOtherPagesInABrowser opens the pages of comparisons, of series and of a run with its past as TestPageInABrowser does the page of a run.
func TestOtherPagesInABrowser(t *testing.T) {
	axe := readAxe(t)
	ctx := browse(t)
	hostile, void := comparison(), comparison()
	hostile.Warnings, hostile.Notes = []string{evil, strings.Repeat("a long warning ", 60)}, []string{evil}
	hostile.A.Run.ID, hostile.Levels[0].Level, hostile.Catch[0].Fault.ID = evil, evil, evil
	hostile.B.Run = result.Run{ID: strings.Repeat("long-name", 30)}
	void.Void = []string{"A and B are the same run: it says nothing about how runs differ"}
	void.Warnings = append(void.Void, void.Warnings...)
	odd := oddSeries(t)
	path := filepath.Join(t.TempDir(), "page.html")
	for _, c := range []struct{ theme, name, text string }{
		{"light", "comparison", renderCompare(t, "html", comparison())}, {"dark", "comparison", renderCompare(t, "html", comparison())},
		{"dark", "hostile comparison", renderCompare(t, "html", hostile)}, {"light", "no comparison", renderCompare(t, "html", void)},
		{"light", "series", renderSince(t, "html", seriesOf(t, seriesRuns()))}, {"dark", "series", renderSince(t, "html", seriesOf(t, seriesRuns()))},
		{"light", "hostile series", renderSince(t, "html", odd["hostile"])}, {"dark", "no series", renderSince(t, "html", odd["none"])},
		{"light", "failing", render(t, "html", withAPast())}, {"dark", "failing", render(t, "html", withAPast())},
	} {
		t.Run(c.theme+"/"+c.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			inspect(ctx, t, path, c.theme, axe)
		})
	}
}
