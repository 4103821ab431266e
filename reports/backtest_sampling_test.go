package reports

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/backtest"
	"github.com/tollgate-dev/tollgate/internal/backtest/resample"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/testenv/collector"
)

// sampled is a backtest with two policies, of which one costs what lies between two levels, and a fault that is not judged.
func sampled(t *testing.T) *backtest.Comparison {
	t.Helper()
	c := backtested(t)
	metric := verdict.Metric{ID: "bytes", Short: "telemetry", Title: "telemetry on the wire", Unit: verdict.Bytes, Per: verdict.PerThousand}
	cpu := verdict.Metric{ID: "cpu", Short: "CPU", Title: "CPU of the stack", Unit: verdict.Seconds, Per: verdict.PerThousand}
	effect := func(m verdict.Metric, x float64) verdict.Effect {
		nan := math.NaN()
		return verdict.Effect{Metric: m, Value: x, Diff: verdict.Interval{Lo: 0.9 * x, Mid: x, Hi: 1.1 * x}, Ratio: verdict.Interval{Lo: nan, Mid: nan, Hi: nan},
			Significant: !math.IsNaN(x), Detectable: nan}
	}
	whole := []resample.Cost{{Effect: effect(cpu, 0.5), From: "full", To: "full"}, {Effect: effect(metric, 5.4e6), From: "full", To: "full"}}
	c.Sampling = &resample.Outcome{
		Level: "full", Baseline: "off", Traces: 12345, Nameless: 45, Metrics: []verdict.Metric{cpu, metric},
		Faults: []resample.Fault{
			{ID: "dependency-slow", Signal: "spans", Judged: 3, Diagnosed: 3, Bearing: 412, Sampled: true, Detected: 2, Open: 1, By: []string{"FallbackSpansHigh"},
				Cells: []resample.Cell{{Chance: 1 - 1e-9, Half: 0.42, Measured: 3, MeasuredOf: 3}, {Chance: 1, Half: 0.1}}},
			{ID: "rare-journey-error", Signal: "spans", Judged: 3, Diagnosed: 3, Bearing: 3, Sampled: true, Detected: 0, Open: 3, By: []string{"ErrorSpansRare"},
				Cells: []resample.Cell{{Chance: 0.1, Half: math.NaN(), Measured: 0, MeasuredOf: 3}, {Chance: 0.4, Half: 7}}},
			{ID: "model-drift", Signal: "metrics", Judged: 1, Diagnosed: 1, Detected: 1, Cells: []resample.Cell{{Chance: 1, Half: math.NaN()}, {Chance: 1, Half: math.NaN()}}},
			{ID: "cache-bypass", Signal: "spans", Judged: 1, Diagnosed: 1, Detected: 1, Why: "the run did not look for its evidence"},
		},
		Whole: resample.Point{Traces: 1, Spans: 1, InFaults: 1, Diagnosed: 3, Of: 3, Measured: "full", Costs: whole},
		Points: []resample.Point{
			{Policy: resample.Policy{Text: "ratio 10% app=40%", Share: 0.1}, Traces: 0.2, Spans: 0.21, InFaults: 0.21, Diagnosed: 2.1, Of: 3, Measured: "traces-10", Found: 2,
				Costs: []resample.Cost{{Effect: effect(cpu, math.NaN()), Why: "no level was measured that keeps fewer traces"},
					{Effect: effect(metric, 2.2e6), From: "logs", To: "full"}}},
			{Policy: resample.Policy{Text: "tail errors, share=0.1", Tail: &collector.Tail{}}, Traces: 0.11, Spans: 0.12, InFaults: 0.31, Diagnosed: 2.4, Of: 3, Costs: whole},
		},
		Apart: []string{"ErrorSpansRare", "FallbackSpansHigh"}, Notes: []string{"cache-bypass is not judged: the run did not look for its evidence"},
	}
	return c
}

func TestBacktestSamplingGolden(t *testing.T) {
	for _, f := range AllBacktest() {
		golden(t, filepath.Join("testdata", "backtest-sampling."+f.Name), renderBacktest(t, f.Name, sampled(t)))
	}
	valid(t, strict(t, "backtest.schema.json"), "backtest-sampling.json", renderBacktest(t, "json", sampled(t)))
}

// What was not measured is marked wherever it stands, and what is not known says why.
func TestSamplingIsMarked(t *testing.T) {
	for _, format := range []string{"text", "markdown"} {
		got := strings.Join(strings.Fields(renderBacktest(t, format, sampled(t))), " ")
		for _, want := range []string{"interpolated", "no level was measured that keeps fewer traces", "cache-bypass: the run did not look for its evidence",
			"not known of 4, which only alerts detected that need what a policy drops: dependency-slow by FallbackSpansHigh; rare-journey-error by ErrorSpansRare"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", format, want, got)
			}
		}
	}
	if got := renderBacktest(t, "json", sampled(t)); strings.Count(got, `"interpolated": true`) != 1 {
		t.Errorf("one cost is interpolated:\n%s", got)
	}
	hostile := sampled(t)
	hostile.Sampling.Level, hostile.Sampling.Faults[0].ID, hostile.Sampling.Faults[1].Why = evil, evil, evil
	hostile.Sampling.Points[0].Policy.Text, hostile.Sampling.Apart, hostile.Sampling.Notes = evil, []string{evil}, []string{evil}
	for _, f := range AllBacktest() {
		got := renderBacktest(t, f.Name, hostile)
		if strings.ContainsAny(got, "\x1b\x07\r") || f.Name == "markdown" && strings.Contains(got, "<script>") {
			t.Errorf("%s: text of a run came through as it is", f.Name)
		}
	}
}

// A probability is not rounded to a certainty.
func TestChanceText(t *testing.T) {
	for p, want := range map[float64]string{0: "0 %", 1e-9: "< 0.1 %", 0.271: "27 %", 0.995: "99.5 %", 1 - 1e-9: "> 99.9 %", 1: "100 %", math.Inf(1): unknown} {
		if got := chanceText(p); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
}
