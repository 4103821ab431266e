package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// comparison is two runs as they might be: one metric of one level differs, one could not be measured in B, and a fault is
// missed in B.
func comparison() *verdict.Comparison {
	a, b := fixture(), fixture()
	b.Run.Machine.Cores = 4
	b.Run.ID, b.Run.Started = "20260103-090807-pr", b.Run.Started.Add(18*time.Hour)
	c := &verdict.Comparison{
		A: verdict.Side{Run: a.Run, Outcome: verdict.Pass}, Confidence: 0.95,
		B:        verdict.Side{Run: b.Run, Outcome: verdict.Pass},
		Warnings: []string{"other machine: cores 2 in A, 4 in B"},
		Notes:    []string{"levels in B only: debug"},
	}
	for _, base := range a.Baseline {
		c.Baseline = append(c.Baseline, verdict.BaselinePair{Metric: base.Metric, A: base.Value, B: base.Value * 1.04})
	}
	nan := verdict.Interval{Lo: math.NaN(), Mid: math.NaN(), Hi: math.NaN()}
	for _, t := range a.Toll[2:] {
		level := verdict.LevelDifference{Level: t.Arm.Level}
		for _, e := range t.Effects {
			e.Note = ""
			d := verdict.Difference{Metric: e.Metric, A: e, B: e, Ratio: verdict.Interval{Lo: -0.021, Mid: 0, Hi: 0.022}, Diff: verdict.Interval{Lo: -3, Mid: 0, Hi: 3}}
			switch {
			case e.Metric.ID == "p50" && t.Arm.Level == "full":
				d.Ratio, d.B.Ratio = verdict.Interval{Lo: 0.081, Mid: 0.1, Hi: 0.119}, verdict.Interval{Lo: 0.215, Mid: 0.23, Hi: 0.245}
				d.Significant = true
			case e.Metric.ID == "p99":
				d.B.Ratio, d.B.Diff, d.B.Significant, d.Ratio, d.Diff, d.Note = nan, nan, false, nan, nan, "B: p99 needs groups of 9 rounds in one launch at this rate"
			case math.IsNaN(e.Ratio.Mid):
				d.Ratio = nan
			}
			level.Metrics = append(level.Metrics, d)
		}
		c.Levels = append(c.Levels, level)
	}
	for i, f := range a.Catch.Faults[:2] {
		d := verdict.FaultDifference{Fault: f.Fault}
		for l, level := range a.Catch.Levels {
			p := verdict.CellPair{Level: level, A: f.Cells[l], B: f.Cells[l]}
			if i == 1 && l == 1 {
				p.B = catch.Cell{Level: level, State: catch.Missed}
			}
			d.Cells = append(d.Cells, p)
		}
		c.Catch = append(c.Catch, d)
	}
	return c
}

func renderCompare(t *testing.T, format string, c *verdict.Comparison) string {
	t.Helper()
	f, err := LookupCompare(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Render(&b, c); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func TestCompareGolden(t *testing.T) {
	for _, f := range AllCompare() {
		path := filepath.Join("testdata", "compare."+f.Name)
		got := renderCompare(t, f.Name, comparison())
		golden(t, path, got)
	}
}

// Text of a run is hostile, a comparison may hold next to nothing, and the text keeps to its columns.
func TestCompareOdd(t *testing.T) {
	bad := comparison()
	bad.Warnings, bad.Notes = []string{evil}, []string{evil}
	bad.A.Run.ID, bad.Levels[0].Level, bad.Catch[0].Fault.ID, bad.Catch[0].Cells[0].A.Alert = evil, evil, evil, evil
	bad.B.Run = result.Run{ID: strings.Repeat("long-name ", 30)}
	none := comparison()
	none.Baseline, none.Levels, none.Catch, none.Notes, none.Warnings = nil, nil, nil, nil, nil
	for name, c := range map[string]*verdict.Comparison{"hostile": bad, "only two runs": none, "empty": {}} {
		for _, f := range AllCompare() {
			got := renderCompare(t, f.Name, c)
			if strings.ContainsAny(got, "\x1b\x07\r") {
				t.Errorf("%s, %s: a control character came through", name, f.Name)
			}
			if (f.Name == "markdown" || f.Name == "html") && strings.Contains(got, "<script>") {
				t.Errorf("%s: HTML came through", name)
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

func TestLookupCompare(t *testing.T) {
	if _, err := LookupCompare("junit"); err == nil || !strings.Contains(err.Error(), "use one of text, html, markdown, json, csv") {
		t.Errorf("error %v", err)
	}
	f, err := LookupCompare("text")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Render(full{}, comparison()); !errors.Is(err, errFull) {
		t.Errorf("error %v, want that of the writer", err)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
