package reports

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// The headline says what the tables show, in words that need no knowledge of the tool.
func TestHeadline(t *testing.T) {
	const detected = "The cheapest level that detects all 3 faults is metrics; over off it costs +9.2 % CPU and +2.9 % p95."
	const diagnosed = "The cheapest level that diagnoses 1 of the 3 faults from its own telemetry is traces-10 (none diagnoses more; others diagnose 1 that it " +
		"does not); over metrics it costs +7.5 % CPU (no difference could be told in p95)."
	const full = "Over off, full costs +41.2 % CPU and +15.1 % p95, and it detects 2 of 2 and diagnoses 2 of 2."
	const toll = "Over off, full costs +41.2 % CPU and +15.1 % p95; traces-10 +17.4 % CPU and +7.7 % p95; metrics +9.2 % CPU and +2.9 % p95."
	for name, c := range map[string]struct {
		change func(a *verdict.Analysis)
		want   []string
	}{
		"all":      {func(*verdict.Analysis) {}, []string{detected, diagnosed, full}},
		"no toll":  {withoutToll, []string{"The first level that detects all 3 faults is metrics.", "No level diagnoses any of the 3 faults from its own telemetry.", "No toll was measured."}},
		"no catch": {func(a *verdict.Analysis) { a.Catch, a.Frontier = nil, nil }, []string{toll}},
		"nothing was judged": {func(a *verdict.Analysis) { a.Frontier = nil },
			[]string{toll, "No level can be judged by its catch: of no fault was the effect seen to its end."}},
		"only the fault that injects nothing": {func(a *verdict.Analysis) { a.Frontier, a.Catch.Faults = nil, a.Catch.Faults[:1] }, []string{toll}},
		"neither half": {func(a *verdict.Analysis) { a.Frontier, a.Catch, a.Toll, a.Baseline = nil, nil, nil, nil },
			[]string{"The run measured no toll and injected no fault."}},
		"invalid": {func(a *verdict.Analysis) {
			a.Outcome, a.Controls[0].OK, a.Controls[1].OK, a.Controls[1].Undecided = verdict.Invalid, false, false, true
		}, []string{"This run is invalid and its numbers may not be believed: it failed 1 control, repeated baseline.", detected, diagnosed}},
		"invalid and partial": {func(a *verdict.Analysis) {
			a.Outcome, a.Controls[0].OK, a.Run.Status, a.Run.Reason = verdict.Invalid, false, result.Partial, "interrupted"
		}, []string{"This run is invalid and its numbers may not be believed: it failed 1 control, repeated baseline; this run is partial: interrupted.", detected, diagnosed}},
		"too busy": {func(a *verdict.Analysis) { a.Catch.Lateness = catch.Lateness{Late: 2, Of: 10} },
			[]string{"This machine was too busy for the catch, so that alerts may be false, late or missing.", detected, diagnosed}},
		"nothing costs anything": {func(a *verdict.Analysis) {
			a.Catch, a.Frontier, a.Toll = nil, nil, a.Toll[:3] // metrics alone
			for i := range a.Toll[2].Effects {
				a.Toll[2].Effects[i].Significant = false
			}
		}, []string{"Over off, metrics costs nothing that could be told in CPU and p95; a change of ±0.90 % CPU or of ±1.8 % p95 would have been seen."}},
		"many levels": {func(a *verdict.Analysis) {
			a.Catch, a.Frontier, a.Toll = nil, nil, append(a.Toll, a.Toll[4])
		}, []string{"Over off, full costs +41.2 % CPU and +15.1 % p95; metrics +9.2 % CPU and +2.9 % p95."}},
	} {
		a := fixture()
		c.change(a)
		if got := headline(a); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func withoutToll(a *verdict.Analysis) {
	a.Frontier.Metrics, a.Frontier.By, a.Frontier.Lacks = nil, verdict.Metric{}, "no toll was measured"
	a.Frontier.Choices[0].Step, a.Frontier.Choices[0].Diagnoses = nil, verdict.Pick{}
	for i := range a.Frontier.Points {
		a.Frontier.Points[i].Costs = nil
	}
}

// The choices between levels, in sentences.
func TestHeadlineOfChoices(t *testing.T) {
	pick := func(level string, caught, of int, like ...string) verdict.Pick {
		return verdict.Pick{Level: level, Caught: caught, Any: of, Like: like}
	}
	for name, c := range map[string]struct {
		choice verdict.Choice
		want   string // of the first sentences, by \n
	}{
		"nothing is caught": {verdict.Choice{Faults: 3}, "No level detects any of the 3 faults.\nNo level diagnoses any of the 3 faults from its own telemetry."},
		"one fault":         {verdict.Choice{Faults: 1}, "No level detects the fault.\nNo level diagnoses the fault from its own telemetry."},
		"the baseline has it all": {verdict.Choice{Faults: 1, Detects: pick("off", 1, 1), Diagnoses: pick("off", 1, 1)},
			"The cheapest level that detects the fault is off; it is the baseline, so it costs nothing more.\n" +
				"The cheapest level that diagnoses the fault from its own telemetry is off."},
		"not told apart": {verdict.Choice{Faults: 3, Detects: pick("metrics", 3, 3, "traces-10", "full")},
			"The cheapest level that detects all 3 faults is metrics (by CPU not told apart from traces-10 and full); over off it costs +9.2 % CPU and +2.9 % p95.\n" +
				"No level diagnoses any of the 3 faults from its own telemetry."},
		"detected where it could not be judged everywhere": {verdict.Choice{Faults: 3, Detects: pick("full", 2, 3)},
			"The cheapest level that detects 2 of the 3 faults is full (none detects more; others detect 1 that it does not; 2 could be judged there); " +
				"over off it costs +41.2 % CPU and +15.1 % p95.\nNo level diagnoses any of the 3 faults from its own telemetry."},
		"diagnosed and not detected": {verdict.Choice{Faults: 3, Diagnoses: pick("traces-10", 1, 1)},
			"No level detects any of the 3 faults.\nThe cheapest level that diagnoses 1 of the 3 faults from its own telemetry is traces-10 (none diagnoses more); " +
				"over off it costs +17.4 % CPU and +7.7 % p95."},
	} {
		a := fixture()
		a.Frontier.Choices = []verdict.Choice{c.choice}
		if got := strings.Join(headline(a)[:2], "\n"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// A sweep is told by its limits, a run of the capacity by the rates.
func TestHeadlineOfLimitsAndCapacity(t *testing.T) {
	want := "The smallest share at which an expected alert notices profile-attribute-missing in 80 % of the passes is > 50 % at off, 7.12 % at metrics, " +
		"≤ 1 % at traces-10 and unknown at full."
	if got := headline(sweptFixture()); len(got) != 1 || got[0] != want {
		t.Errorf("%q, want %q", got, want)
	}
	got := headline(searched(t))
	if len(got) != 1 || !regexp.MustCompile(`^Within the SLO, off can take [0-9,]+ requests/s; metrics [0-9,]+ \(−[0-9.]+ %\); logs [0-9,]+ \(−[0-9.]+ %\); full at least 8000/s\.$`).MatchString(got[0]) {
		t.Errorf("%q", got)
	}
}

// What is dearer than the level that diagnoses most adds something or nothing, and where nothing is dearer nothing is said.
func TestHeadlineOfDearerLevels(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *verdict.Frontier)
		want   string
	}{
		"adds nothing": {func(f *verdict.Frontier) { f.Points[3].Catch = f.Points[2].Catch },
			"Over off, full costs +41.2 % CPU and +15.1 % p95 and catches nothing that traces-10 does not."},
		"is the chosen one":         {func(f *verdict.Frontier) { f.Choices[0].Diagnoses.Level = "full" }, ""},
		"costs that are not known":  {func(f *verdict.Frontier) { f.By = verdict.Metric{} }, ""},
		"none is chosen":            {func(f *verdict.Frontier) { f.Choices[0] = verdict.Choice{Faults: 3} }, ""},
		"a part of several passes":  {func(f *verdict.Frontier) { f.Points[3].Catch.Detected.Yes = 1.5 }, "Over off, full costs +41.2 % CPU and +15.1 % p95, and it detects 1.5 of 2 and diagnoses 2 of 2."},
		"a share that is not known": {func(f *verdict.Frontier) { f.Points[3].Catch.Diagnosed = catch.Share{Of: math.NaN()} }, "Over off, full costs +41.2 % CPU and +15.1 % p95, and it detects 2 of 2 and diagnoses n/a."},
	} {
		a := fixture()
		c.change(a.Frontier)
		got := ""
		if all := headline(a); len(all) > 2 {
			got = all[2]
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Whatever the analysis, a headline has from one to three sentences without raw numbers.
func TestHeadlineOfOddities(t *testing.T) {
	all := oddities()
	all["analyzed"] = analyzed(t)
	for name, a := range all {
		got := headline(printable(a))
		if len(got) < 1 || len(got) > mostSentences {
			t.Errorf("%s: %d sentences", name, len(got))
		}
		noRawNumbers(t, fmt.Sprint(got))
	}
}
