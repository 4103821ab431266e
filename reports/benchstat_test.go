package reports

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// readBench reads a file with benchstat's reader, which must understand every line; samples are by name and unit.
func readBench(t *testing.T, text string) (map[string]map[string][]float64, benchfmt.UnitMetadataMap) {
	t.Helper()
	name := regexp.MustCompile(`^(Toll|Capacity)/level=[^\s/=]+-\d+$`)
	samples := map[string]map[string][]float64{}
	reader := benchfmt.NewReader(strings.NewReader(text), "report.bench")
	for reader.Scan() {
		switch r := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Errorf("%v in\n%s", r, text)
		case *benchfmt.Result:
			if !name.MatchString(string(r.Name)) || r.Iters < 1 {
				t.Errorf("a benchmark named %q with %d iterations", r.Name, r.Iters)
			}
			if samples[string(r.Name)] == nil {
				samples[string(r.Name)] = map[string][]float64{}
			}
			for _, v := range r.Values {
				if v.Value < 0 || math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
					t.Errorf("%s: %v %s", r.Name, v.Value, v.Unit)
				}
				samples[string(r.Name)][v.Unit] = append(samples[string(r.Name)][v.Unit], v.Value)
			}
		}
	}
	if err := reader.Err(); err != nil {
		t.Error(err)
	}
	return samples, reader.Units()
}

// benchOf is the report of six launches whose arm full is slower by 15 %, whose requests are so cheap that noise makes some net
// amounts negative, and which has prices.
func benchOf(t *testing.T) (*verdict.Analysis, string) {
	t.Helper()
	spec := verdicttest.Default(3)
	spec.Launches, spec.Catch = 6, false
	spec.Capacity, spec.CapacityLaunches = map[string]float64{"off": 1000, verdicttest.Repeat: 1000, "metrics": 800, "logs": 700, "full": 600}, 6
	data := verdicttest.Build(spec)
	data.Run.Prices = &result.Prices{CPUHour: 0.04}
	for i := range data.Slots { // what costs next to nothing comes out negative where rest is noisy
		if s := &data.Slots[i]; s.Phase == slot.Toll && (s.Arm == "off" || s.Arm == verdicttest.Repeat) {
			s.CPU[role.Telemetry] /= 1000
		}
	}
	a, err := verdict.Analyze(data)
	if err != nil {
		t.Fatal(err)
	}
	return a, render(t, "benchstat", a)
}

// TestBenchstatJudges: benchstat has one sample per launch, and by its own test full is slower than off and off is not slower
// than its repetition.
func TestBenchstatJudges(t *testing.T) {
	_, text := benchOf(t)
	samples, units := readBench(t, text)
	summary := func(level, unit string) *benchmath.Sample {
		values := samples["Toll/level="+level+"-2"][unit]
		if len(values) != 6 {
			t.Fatalf("%d samples of %s at %s, want one per launch:\n%s", len(values), unit, level, text)
		}
		return benchmath.NewSample(values, &benchmath.DefaultThresholds)
	}
	for _, unit := range []string{"p50-sec/op", "p95-sec/op", "cpu-gross-sec/1k-op"} {
		off, again, full := summary("off", unit), summary("repeat", unit), summary("full", unit)
		assume := units.GetAssumption(unit)
		if c := assume.Compare(off, full); c.P > c.Alpha {
			t.Errorf("%s: off and full are not told apart: %v", unit, c)
		}
		if c := assume.Compare(off, again); c.P <= c.Alpha {
			t.Errorf("%s: off is told apart from itself: %v", unit, c)
		}
		if s := assume.Summary(full, 0.95); math.IsInf(s.Hi, 0) || len(s.Warnings) > 0 {
			t.Errorf("%s: no interval: %+v", unit, s)
		}
		if units.GetBetter(unit) != -1 {
			t.Errorf("%s: less is not better", unit)
		}
	}
	if n := len(samples["Capacity/level=full-2"]["capacity-req/s"]); n != 6 || units.GetBetter("capacity-req/s") != 1 {
		t.Errorf("%d samples of the capacity, of which more is not better:\n%s", n, text)
	}
}

// TestBenchstatHasNothingNegative: amounts from which something is taken off are not in the file, though in the run they are.
func TestBenchstatHasNothingNegative(t *testing.T) {
	a, text := benchOf(t)
	samples, _ := readBench(t, text) // fails for what is negative
	negative := false
	for _, b := range a.Baseline {
		negative = negative || b.Value < 0
	}
	if !negative {
		t.Fatal("nothing in this run is negative: the test tests nothing")
	}
	for unit := range samples["Toll/level=off-2"] {
		if strings.HasPrefix(unit, "cpu-sec") || strings.HasPrefix(unit, "pipeline-cpu-sec") || strings.HasPrefix(unit, "money") {
			t.Errorf("%s is in the file, which may be negative", unit)
		}
	}
	if values := samples["Toll/level=off-2"]["pipeline-cpu-gross-sec/1k-op"]; len(values) != 6 || values[0] <= 0 {
		t.Errorf("CPU of the pipeline is %v", values)
	}
}
