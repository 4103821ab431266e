package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// sweptFixture is the fixture with a sweep: limits of every kind.
func sweptFixture() *verdict.Analysis {
	a := fixture()
	a.Run.Sweep = &result.Sweep{Fault: "profile-attribute-missing", Param: "share", Unit: "share", Sizes: []float64{0.01, 0.0368, 0.136, 0.5}, Repeats: 3,
		Baseline: []result.LevelLimit{{Level: "metrics", Limit: 0.1}}}
	inf, nan := math.Inf(1), math.NaN()
	for i, l := range []struct {
		sweep.Limit
		detected [4]int
		note     string
	}{
		{sweep.Limit{Size: nan, Lo: 0.45, Hi: inf, Censored: sweep.Above}, [4]int{}, "off: no expected alert can fire here, whatever the size: the catch says why"},
		{sweep.Limit{Size: 0.0712, Lo: 0.0371, Hi: 0.231}, [4]int{0, 0, 3, 3}, ""},
		{sweep.Limit{Size: nan, Lo: -inf, Hi: 0.0205, Censored: sweep.Below}, [4]int{3, 3, 3, 3}, ""},
		{sweep.Limit{Size: nan, Lo: -inf, Hi: inf, Censored: sweep.Unknown}, [4]int{}, "full: 12 passes are no trials: the effect was not seen, or the run ended before"},
	} {
		of := catch.Limit{Level: a.Catch.Levels[i], Limit: l.Limit, Note: l.note}
		for j, size := range a.Run.Sweep.Sizes {
			p := sweep.Point{Size: size, Detected: l.detected[j], Tried: 3}
			if l.Censored == sweep.Unknown {
				p.Tried, of.LeftOut = 0, 12
			}
			of.Points = append(of.Points, p)
		}
		a.Limits = append(a.Limits, of)
	}
	a.Catch.Faults[1].Size, a.Catch.Faults[1].Swept, a.Catch.Faults[1].Params = 0.136, "share 13.6 %", map[string]string{"share": "13.6 %"}
	return a
}

// TestLimitsGolden compares the section in text and Markdown, and its picture, with testdata/limits.*.
func TestLimitsGolden(t *testing.T) {
	a := sweptFixture()
	between := func(format, from, to string) string {
		_, rest, found := strings.Cut(render(t, format, a), from)
		section, _, ended := strings.Cut(rest, to)
		if !found || !ended {
			t.Fatalf("%s has no section between %q and %q", format, from, to)
		}
		return from + section
	}
	for name, got := range map[string]string{
		"limits.txt": between("text", "detection limits", "\nthe catch") + "\n",
		"limits.md":  between("markdown", "### Detection limits", "\n### ") + "\n",
		"limits.svg": string(limitsPlot(a.Run.Sweep, a.Limits, "limits")) + "\n",
	} {
		golden(t, filepath.Join("testdata", name), got)
	}
}

func TestLimitsInEveryFormat(t *testing.T) {
	a := sweptFixture()
	for format, wants := range map[string][]string{
		"text":     {"> 50 %", "[from 45 % on]", "7.12 %", "[3.71 %, 23.1 %]", "≤ 1 %", "[up to 2.05 %]", "0/3", "profile-attribute-missing, share 13.6 %"},
		"markdown": {"7.12 %", "| 0/3 |"},
		"html":     {`<section id="limits"`, `href="#limits"`, `id="detection-limits-t"`, "Legend of the detection limits"},
		"json":     {`"censored": "above"`, `"limit": 0.0712`, `"size": 0.136`, `"probability": 0.8`},
		"junit":    {"tollgate.catch.profile-attribute-missing, share 13.6 %"},
	} {
		got := render(t, format, a)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q", format, want)
			}
		}
		if strings.Contains(got, "NaN") {
			t.Errorf("%s has NaN", format)
		}
	}
	if err := xml.Unmarshal([]byte(limitsPlot(a.Run.Sweep, a.Limits, "a & b")), new(struct{ XMLName xml.Name })); err != nil {
		t.Errorf("the picture is no XML: %v", err)
	}
	if got := render(t, "json", fixture()); !strings.Contains(got, `"limits": null`) {
		t.Error("json of a run without a sweep has limits")
	}
}

// TestLimitsRecords: the CSV has a line per limit and one per size, and the JSON the same numbers.
func TestLimitsRecords(t *testing.T) {
	a := sweptFixture()
	records, err := csv.NewReader(strings.NewReader(render(t, "csv", a))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range records[0] {
		at[name] = i
	}
	var limits, trials []string
	for _, r := range records[1:] {
		of := func(key string) string { return r[at[key]] }
		if of("section") != "limits" {
			continue
		}
		if of("metric") == verdict.LimitMetric {
			limits = append(limits, strings.Join([]string{of("level"), of("value"), of("lo"), of("hi"), of("censored")}, " "))
		} else if of("level") == "metrics" {
			trials = append(trials, strings.Join([]string{of("size"), of("detected"), of("tried"), of("value")}, " "))
		}
	}
	if got, want := fmt.Sprint(limits), "[off  0.45 Inf above metrics 0.0712 0.0371 0.231  traces-10  -Inf 0.0205 below full  -Inf Inf unknown]"; got != want {
		t.Errorf("limits\n%s, want\n%s", got, want)
	}
	if got, want := fmt.Sprint(trials), "[0.01 0 3 0 0.0368 0 3 0 0.136 3 3 1 0.5 3 3 1]"; got != want {
		t.Errorf("trials %s, want %s", got, want)
	}
	var report struct{ Limits jsonLimits }
	if err := json.Unmarshal([]byte(render(t, "json", a)), &report); err != nil {
		t.Fatal(err)
	}
	if l := report.Limits; len(l.Levels) != 4 || l.Levels[1].Points[2] != (jsonTrials{0.136, 3, 3}) || l.Levels[0].Note == 0 || l.Levels[0].Lo != 0.45 {
		t.Errorf("%+v", l)
	}
}

// TestOddLimits: no number and no text of a damaged sweep breaks a format.
func TestOddLimits(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e300, 1e-300} {
		a := sweptFixture()
		everyNumber(reflect.ValueOf(a.Run.Sweep).Elem(), x)
		everyNumber(reflect.ValueOf(&a.Limits).Elem(), x)
		a.Limits[0].Points = nil
		for _, f := range All() {
			var b bytes.Buffer
			if err := f.Render(&b, a); err != nil {
				t.Errorf("%g: %s: %v", x, f.Name, err)
			}
		}
	}
	a := hostile(sweptFixture(), `<script>"&`)
	for _, f := range All() {
		var b bytes.Buffer
		if err := f.Render(&b, a); err != nil || strings.HasPrefix(f.Name, "html") && strings.Contains(b.String(), `<script>"&`) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

// TestRateOfASweep: a sweep of the rate says so where the load is told.
func TestRateOfASweep(t *testing.T) {
	a := sweptFixture()
	a.Run.Sweep.Param, a.Run.Sweep.Unit, a.Run.Sweep.Sizes = result.SweptRate, "requests/s", []float64{20, 160}
	if got := measured(a.Run, a.Load); !strings.Contains(got, "(catch: 20 to 160 per arm)") {
		t.Error(got)
	}
}

// TestMadeLaunches: what an open budget or a resolution added, and what counts spared, is in the words of what was measured.
func TestMadeLaunches(t *testing.T) {
	a := sweptFixture()
	a.Run.Plan.Launches, a.Run.Plan.Rounds = 3, 6
	for _, c := range []struct {
		status string
		made   int
		want   string
	}{
		{result.Complete, 15, "15 launches of 6 rounds"},
		{result.Complete, 1, "1 launch of 6 rounds"},
		{result.Partial, 1, "3 launches of 6 rounds"}, // as planned, which it says; unfinished has the rest
	} {
		a.Run.Status, a.Load.Launches = c.status, c.made
		if got := measured(a.Run, a.Load); !strings.Contains(got, c.want) {
			t.Errorf("%s, %d launches: %q, want %q", c.status, c.made, got, c.want)
		}
	}
}
