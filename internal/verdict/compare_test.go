package verdict_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// runOf builds a run without faults that is told apart from others by its seed.
func runOf(seed int64, change func(*verdicttest.Spec)) *result.Data {
	s := verdicttest.Default(seed)
	s.Catch = false
	if change != nil {
		change(&s)
	}
	d := verdicttest.Build(s)
	d.Run.ID = fmt.Sprintf("run-%d", seed)
	return d
}

func compare(t *testing.T, a, b *result.Data) *verdict.Comparison {
	t.Helper()
	c, err := verdict.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func difference(t *testing.T, c *verdict.Comparison, level, metric string) verdict.Difference {
	t.Helper()
	for _, l := range c.Levels {
		for _, d := range l.Metrics {
			if l.Level == level && d.Metric.ID == metric {
				return d
			}
		}
	}
	t.Fatalf("no difference %s of %s", metric, level)
	return verdict.Difference{}
}

// The same data under two names: nothing differs, but the interval is that of two runs.
func TestCompareIdentical(t *testing.T) {
	a, b := runOf(1, nil), runOf(1, nil)
	b.Run.ID = "again"
	c := compare(t, a, b)
	if len(c.Warnings) > 0 {
		t.Errorf("warnings %q", c.Warnings)
	}
	var known []string // of the baseline
	for _, v := range analyze(t, a).Baseline {
		if !math.IsNaN(v.Value) {
			known = append(known, v.Metric.ID)
		}
	}
	var compared []string
	for _, p := range c.Baseline {
		compared = append(compared, p.Metric.ID)
	}
	if len(c.Levels) != 3 || len(known) == 0 || !slices.Equal(compared, known) {
		t.Fatalf("%d levels; baseline values of %v, want %v", len(c.Levels), compared, known)
	}
	for _, l := range c.Levels {
		for _, d := range l.Metrics {
			if d.Metric.ID == "p99.9" { // which takes more requests than this run has
				if !math.IsNaN(d.Ratio.Mid) || d.Note == "" {
					t.Errorf("p99.9 of %s: %+v", l.Level, d)
				}
				continue
			}
			if d.Significant || !(d.Ratio.Mid == 0 || d.Diff.Mid == 0) {
				t.Errorf("%s of %s: %+v", d.Metric.ID, l.Level, d)
			}
		}
	}
	d := difference(t, c, "full", "cpu")
	one, two := math.Log1p(d.A.Ratio.Hi)-math.Log1p(d.A.Ratio.Lo), math.Log1p(d.Ratio.Hi)-math.Log1p(d.Ratio.Lo)
	if two < 1.2*one || two > 1.6*one {
		t.Errorf("the interval of the difference is %.2f times as wide as that of a run, want about √2", two/one)
	}
}

// One level costs a tenth more in B, on another machine whose baseline is the same: found, and at that level only.
func TestCompareFindsTheLevel(t *testing.T) {
	for seed := range int64(3) {
		c := compare(t, runOf(10+seed, nil), runOf(20+seed, func(s *verdicttest.Spec) { s.Effect["logs"] = 1.07*1.1 - 1 }))
		for _, m := range []string{"mean", "p50", "cpu"} {
			d := difference(t, c, "logs", m)
			if !d.Significant || d.Ratio.Lo > 0.1 || d.Ratio.Hi < 0.095 { // 70 µs of a latency do not scale
				t.Errorf("seed %d: %s of logs: %+.4f, want +0.1", seed, m, d.Ratio)
			}
			if d := difference(t, c, "full", m); d.Ratio.Lo > 0.005 || d.Ratio.Hi < -0.005 {
				t.Errorf("seed %d: %s of full: %+.4f, want 0", seed, m, d.Ratio)
			}
		}
	}
}

func TestCompareCounts(t *testing.T) {
	a, b := runOf(1, nil), runOf(2, nil)
	for i := range b.Slots {
		if b.Slots[i].Arm == "full" {
			b.Slots[i].Telemetry.Spans = 8 * b.Slots[i].Work.Sent // 7 in A; none in the baseline, so there is no ratio
		}
	}
	d := difference(t, compare(t, a, b), "full", "spans")
	if !math.IsNaN(d.Ratio.Mid) || math.Abs(d.Diff.Mid-1000) > 1e-9 || !d.Significant {
		t.Errorf("spans of full: %+v", d)
	}
}

// A change that a run could not measure has no difference, and the footnote says in which.
func TestCompareUnknown(t *testing.T) {
	c := compare(t, runOf(1, nil), runOf(2, func(s *verdicttest.Spec) { s.Launches, s.Rounds = 2, 7 }))
	d := difference(t, c, "full", "p99")
	if math.IsNaN(d.A.Ratio.Mid) || !math.IsNaN(d.Ratio.Mid) || !math.IsNaN(d.Diff.Mid) || d.Significant {
		t.Fatalf("p99 of full: %+v", d)
	}
	if !strings.Contains(d.Note, "B: p99 needs groups of 9 rounds") || !strings.Contains(d.Note, "A: p99 is taken over") {
		t.Errorf("note %q", d.Note)
	}
	c = compare(t, runOf(1, nil), runOf(2, func(s *verdicttest.Spec) { s.Launches, s.Rounds = 1, 5 })) // too few for any interval
	if d := difference(t, c, "full", "cpu"); !math.IsInf(d.Ratio.Lo, -1) || !math.IsInf(d.Ratio.Hi, 1) || math.IsNaN(d.Ratio.Mid) || d.Significant {
		t.Errorf("cpu of full: %+v", d)
	}
}

func TestCompareWarns(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*result.Data)
	}{
		{"other machine: CPU Example CPU in A, Other CPU in B; cores 2 in A, 8 in B; kernel 6.1.0 in A, 6.2.0 in B", func(d *result.Data) {
			d.Run.Machine.CPU, d.Run.Machine.Cores, d.Run.Machine.Kernel = "Other CPU", 8, "6.2.0"
		}},
		{"other environment: process in A, containers in B", func(d *result.Data) { d.Run.Environment = "containers" }},
		{"other plan: profile pr in A, nightly in B", func(d *result.Data) { d.Run.Profile = "nightly" }},
		{"other plan: rate 300/s in A, 200/s in B; slot 500ms in A, 2s in B", func(d *result.Data) {
			d.Run.Plan.Rate, d.Run.Plan.Slot = 200, 2*time.Second
		}},
		{"other journeys: population in A, clicks.tsv in B", func(d *result.Data) { d.Run.Journeys = "clicks.tsv" }},
		{"other versions: tollgate 0.1.0 in A, 0.2.0 in B; go.k6.io/k6/v2 v2.2.0 in A, v2.3.0 in B", func(d *result.Data) {
			d.Run.Tool.Version, d.Run.Tool.Modules = "0.2.0", map[string]string{"go.k6.io/k6/v2": "v2.3.0", "github.com/prometheus/prometheus": "v0.315.0"}
		}},
		{"other level full: OTEL_BLRP_MAX_QUEUE_SIZE none in A, 4096 in B", func(d *result.Data) { d.Run.Levels[3].Env["OTEL_BLRP_MAX_QUEUE_SIZE"] = "4096" }},
		{"other level full: DB_POOL_SIZE none in A, [redacted] in B", func(d *result.Data) { d.Run.Levels[3].Env["DB_POOL_SIZE"] = "[redacted]" }},
		{"other baseline: off in A, noop in B", func(d *result.Data) { d.Run.Levels[0].Name = "noop" }},
		{"run B: the run is partial: interrupted", func(d *result.Data) { d.Run.Status, d.Run.Reason = result.Partial, "interrupted" }},
		{"run B is invalid: controls failed: errors", func(d *result.Data) {
			for i := range d.Slots {
				d.Slots[i].Work.Failed = 1
			}
		}},
		{"A and B are the same run", func(d *result.Data) { d.Run.ID = "run-1" }},
		{"other alert rules, or another time-lapse: ClickThroughLow", func(d *result.Data) { d.Run.Alerts[2].RunFor *= 2 }},
	} {
		small := func(s *verdicttest.Spec) { s.Launches, s.Rounds, s.Catch = 1, 10, true }
		a, b := runOf(1, small), runOf(2, small)
		c.change(b)
		got := compare(t, a, b).Warnings
		if len(got) != 1 || got[0] != c.says && !strings.HasPrefix(got[0], c.says) {
			t.Errorf("warnings %q\nwant %q", got, c.says)
		}
	}
}

// TestCompareWarnsOfWhatIsHidden: values that look alike because both are hidden may differ.
func TestCompareWarnsOfWhatIsHidden(t *testing.T) {
	a, b := runOf(1, nil), runOf(2, nil)
	for _, d := range []*result.Data{a, b} {
		env := d.Run.Levels[3].Env
		env["DB_POOL_SIZE"], env["OTEL_RESOURCE_ATTRIBUTES"] = "[redacted]", "team=a,api_key=[redacted]"
	}
	want := "variables of levels whose values both runs hide may differ: full DB_POOL_SIZE, full OTEL_RESOURCE_ATTRIBUTES"
	if got := compare(t, a, b).Warnings; !slices.Equal(got, []string{want}) {
		t.Errorf("warnings %q\nwant %q", got, want)
	}
}

func TestCompareRefuses(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*result.Data)
	}{
		{"no level above the baseline in common: A has metrics, logs, full, B has traces-10", func(d *result.Data) {
			d.Run.Levels = []result.Level{{Name: "off"}, {Name: "traces-10"}}
		}},
		{"B has none", func(d *result.Data) { d.Run.Levels = d.Run.Levels[:1] }},
		{"run B (run-2): verdict: run run-2 has two arms named", func(d *result.Data) { d.Run.Arms[1].Name = "off" }},
	} {
		small := func(s *verdicttest.Spec) { s.Launches, s.Rounds = 1, 1 }
		a, b := runOf(1, small), runOf(2, small)
		c.change(b)
		if _, err := verdict.Compare(a, b); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want one that says %s", err, c.says)
		}
	}
}

// Levels and faults that one run alone has are named; the catch of what both have stands side by side.
func TestCompareCatch(t *testing.T) {
	a, b := verdicttest.Data(1), verdicttest.Data(2)
	b.Run.ID = "other"
	b.Run.Levels = append(b.Run.Levels[:2:2], b.Run.Levels[3]) // no logs
	b.Run.Arms = append(b.Run.Arms[:4:4], b.Run.Arms[5])
	b.Run.Faults = b.Run.Faults[:3]
	for i := range b.Alerts { // what metrics noticed at once in A takes a second more in B
		if e := &b.Alerts[i]; e.Arm == "metrics" && e.Alert == "DefaultContentHigh" && e.To == result.Firing {
			e.Time = e.Time.Add(time.Second)
		}
	}
	c := compare(t, a, b)
	if len(c.Levels) != 2 || len(c.Catch) != 3 || len(c.Catch[1].Cells) != 3 {
		t.Fatalf("%d levels, %d faults: %+v", len(c.Levels), len(c.Catch), c.Catch)
	}
	cell := c.Catch[1].Cells[1]
	if cell.Level != "metrics" || cell.A.State != catch.Detected || cell.B.Detect != cell.A.Detect+time.Second {
		t.Errorf("cell %+v", cell)
	}
	notes := strings.Join(c.Notes, "\n")
	for _, want := range []string{"levels in A only: logs", "faults in A only: consumer-lag"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q, want %s", notes, want)
		}
	}
}

// Two runs with a capacity: that of full is half in A, and a third of that again is gone in B.
func TestCompareCapacity(t *testing.T) {
	with := func(full float64) func(*verdicttest.Spec) {
		return func(s *verdicttest.Spec) {
			s.CapacityLaunches, s.CapacitySD = 4, 0.03
			s.Capacity = map[string]float64{"off": 2000, verdicttest.Repeat: 2000, "metrics": 1800, "logs": 1700, "full": full}
		}
	}
	a, b := runOf(1, with(1000)), runOf(2, with(667))
	c := compare(t, a, b)
	d := difference(t, c, "full", "capacity")
	if !d.Significant || d.Ratio.Lo > -1.0/3 || d.Ratio.Hi < -1.0/3 || d.Ratio.Hi-d.Ratio.Lo > 0.3 {
		t.Errorf("capacity of full: %+v, want a third less", d)
	}
	if d := difference(t, c, "metrics", "capacity"); d.Significant {
		t.Errorf("capacity of metrics: %+v", d)
	}
	if last := c.Baseline[len(c.Baseline)-1]; last.Metric.ID != "capacity" || math.Abs(last.A/last.B-1) > 0.15 {
		t.Errorf("the baseline's capacity: %+v", last)
	}
	b.Run.Plan.Capacity.SLOP99 *= 2
	if c := compare(t, a, b); len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "other capacity: p99 of the SLO") {
		t.Errorf("another SLO: warnings %q", c.Warnings)
	}
	for _, l := range compare(t, a, runOf(3, nil)).Levels {
		for _, d := range l.Metrics {
			if d.Metric.ID == "capacity" {
				t.Errorf("a capacity of two, of which one run has none: %+v", d)
			}
		}
	}
}
