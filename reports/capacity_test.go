package reports

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// searched is what the analysis makes of a run that measured the capacity alone; full has no limit that was found.
func searched(t *testing.T) *verdict.Analysis {
	t.Helper()
	a, err := verdict.Analyze(verdicttest.Build(verdicttest.Spec{
		Seed: 1, CapacityLaunches: 3, CapacitySD: 0.03, LaunchSD: 0.01,
		Capacity: map[string]float64{"off": 1000, verdicttest.Repeat: 1000, "metrics": 800, "logs": 700, "full": 2 * verdicttest.CapacityMax},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Every format tells the capacity, the change, and that one arm has no limit; none tells of a toll that was not measured.
func TestCapacityInEveryFormat(t *testing.T) {
	a := searched(t)
	for format, wants := range map[string][]string{
		"text":      {"the capacity: the highest offered rate at which p99 of recommend, over the requests of one slot, is", "at least 8000/s [", "metrics  ", "noise floor", "raise capacity.max", "capacity: 3 launches of 16 rounds"},
		"markdown":  {"### The capacity", "at least 8000/s", "| repeat (noise floor) |"},
		"html":      {`<section id="capacity"`, `href="#capacity"`, "at least 8000/s", "capacity-change-t"},
		"json":      {`"slo_p99_seconds": 0.05`, `"bound": "at least 8000/s"`, `"role": "repeat"`},
		"csv":       {"capacity,off,baseline,off,capacity,requests/s", "capacity,full,level,full,capacity,requests/s"},
		"benchstat": {"Unit capacity-req/s better=higher", "BenchmarkCapacity/level=metrics-2 16 ", "BenchmarkCapacity/level=repeat-2 16 "},
		"junit":     {"repeated baseline, capacity"},
	} {
		got := render(t, format, a)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%.3000s", format, want, got)
			}
		}
		for _, no := range []string{"the toll:", "### The toll", `<section id="toll"`, "BenchmarkToll", "level=full-2", "NaN", "0 launches"} {
			if strings.Contains(got, no) {
				t.Errorf("%s: %q in the report", format, no)
			}
		}
	}
}
