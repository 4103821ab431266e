package verdict

import (
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// TestLaunchValues: every arm has its values of every launch; the centre of a launch is near that of the run, and a search
// without a limit is none.
func TestLaunchValues(t *testing.T) {
	spec := verdicttest.Default(5)
	spec.Catch, spec.LaunchSD = false, 0
	spec.Capacity = map[string]float64{"off": 1000, verdicttest.Repeat: 1000, "metrics": 800, "logs": 700, "full": 2 * verdicttest.CapacityMax}
	spec.CapacityLaunches = 2
	a, err := Analyze(verdicttest.Build(spec))
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]float64{}
	for _, l := range a.Toll {
		run[l.Arm.Name] = l.vital().Value
	}
	toll, capacity := map[string]int{}, map[string]int{}
	for _, l := range a.Launches {
		if l.Capacity {
			capacity[l.Arm.Name]++
			if rate := l.Values[0].Value; l.Rounds == 0 || math.Abs(rate/spec.Capacity[l.Arm.Name]-1) > 0.2 {
				t.Errorf("launch %d of %s: %v requests/s over %d slots", l.Launch, l.Arm.Name, rate, l.Rounds)
			}
			continue
		}
		if l.Launch != toll[l.Arm.Name] || l.Rounds != spec.Rounds {
			t.Errorf("launch %d of %s, after %d, has %d rounds", l.Launch, l.Arm.Name, toll[l.Arm.Name], l.Rounds)
		}
		toll[l.Arm.Name]++
		p50 := math.NaN()
		for _, v := range l.Values {
			if v.Value < 0 || math.IsNaN(v.Value) {
				t.Errorf("launch %d of %s: %s is %v", l.Launch, l.Arm.Name, v.Metric.ID, v.Value)
			}
			if v.Metric.ID == "p50" {
				p50 = v.Value
			}
		}
		if want, compared := run[l.Arm.Name]; compared && math.Abs(p50/want-1) > 0.1 {
			t.Errorf("launch %d of %s: p50 %v, over the run %v", l.Launch, l.Arm.Name, p50, want)
		}
	}
	if len(toll) != len(a.Run.Arms) || toll["full"] != 3 || capacity["off"] != 2 || capacity["metrics"] != 2 || capacity["full"] != 0 {
		t.Errorf("launches of the toll %v, of the capacity %v", toll, capacity)
	}
}
