package resample

import (
	"math"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/testenv"
)

// tolled are costs of shipped levels: a level that is the n-th in the list costs n of everything, give or take one.
func tolled(t *testing.T, levels ...string) *costs {
	t.Helper()
	f := &verdict.Frontier{Metrics: []verdict.Metric{{ID: "cpu"}, {ID: "p95"}, {ID: "bytes"}}}
	run := result.Run{}
	for i, name := range levels {
		level, err := testenv.Level(name)
		if err != nil {
			t.Fatal(err)
		}
		run.Levels = append(run.Levels, level)
		p := verdict.Point{Level: name}
		for _, m := range f.Metrics {
			x := verdict.Interval{Lo: float64(i) - 1, Mid: float64(i), Hi: float64(i) + 1}
			p.Costs = append(p.Costs, verdict.Effect{Metric: m, Value: float64(i), Diff: x, Ratio: x})
		}
		f.Points = append(f.Points, p)
	}
	return newCosts(&resampler{data: &result.Data{Run: run}, level: run.Levels[len(levels)-1], analysis: &verdict.Analysis{Frontier: f}})
}

// A cost is interpolated only between levels that differ in their traces alone, never drawn on beyond them, and that of the CPU not from
// a level without any.
func TestCosts(t *testing.T) {
	for _, c := range []struct {
		name   string
		levels []string
		policy string
		metric int // cpu, bytes
		want   float64
		from   string // how it is known, or why not
	}{
		{"bytes from no traces", []string{"off", "metrics", "logs", "full"}, "ratio 50%", 1, 2.5, "interpolated between logs and full"},
		{"cpu not from there", []string{"off", "logs", "full"}, "ratio 50%", 0, math.NaN(), "no level was measured that keeps fewer traces, but some"},
		{"cpu between two", []string{"off", "logs", "traces-10", "full"}, "ratio 55%", 0, 2.5, "interpolated between traces-10 and full"},
		{"nearest below", []string{"off", "traces-1", "traces-10", "full"}, "ratio 5.5%", 1, 1.5, "interpolated between traces-1 and traces-10"},
		{"one that was measured", []string{"off", "traces-1", "traces-10", "full"}, "ratio 10%", 0, 2, "as measured at traces-10"},
		{"beyond the least", []string{"off", "traces-10", "full"}, "ratio 1%", 1, math.NaN(), "no level was measured that keeps fewer traces"},
		{"metrics lacks logs", []string{"metrics", "full"}, "ratio 50%", 1, math.NaN(), "no level was measured that keeps fewer traces"},
		{"tail is no head sampler", []string{"logs", "tail", "full"}, "ratio 5%", 1, 0.1, "interpolated between logs and full"},
		{"tail costs what all does", []string{"off", "logs", "full"}, "tail errors,share=0.1", 1, 2, "as measured at full"},
	} {
		of := tolled(t, c.levels...)
		p, err := Parse(c.policy)
		if err != nil {
			t.Fatal(err)
		}
		if len(of.metrics) != 2 {
			t.Fatalf("metrics %+v: the latency is no sum", of.metrics)
		}
		got := of.of(p, p.Share)[c.metric]
		mid := got.Effect.Diff.Mid
		if !strings.Contains(got.String(), c.from) || mid != c.want && math.Abs(mid-c.want) > 1e-9 || math.IsNaN(mid) != math.IsNaN(c.want) {
			t.Errorf("%s: %v, %s; want %v, %s", c.name, mid, got, c.want, c.from)
		}
		if !math.IsNaN(mid) && math.Abs(got.Effect.Diff.Hi-got.Effect.Diff.Lo-2) > 1e-9 {
			t.Errorf("%s: %+v is not as wide as that of two levels", c.name, got.Effect.Diff)
		}
	}
	lean := tolled(t, "off", "logs", "full")
	lean.KeptLogs = true
	if got := lean.of(Policy{Share: 0.5}, 0.5)[1]; got.Why == "" {
		t.Errorf("with fewer log records: %s", got)
	}
}
