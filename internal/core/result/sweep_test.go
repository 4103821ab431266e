package result

import (
	"math"
	"strings"
	"testing"
)

// TestImpossibleSweeps: what no run can have made is refused by its key.
func TestImpossibleSweeps(t *testing.T) {
	good := func() Run {
		return Run{
			Status: Complete, Faults: []Fault{{ID: "f"}}, Levels: []Level{{Name: "off"}},
			Sweep: &Sweep{Fault: "f", Param: "share", Sizes: []float64{0.1, 0.5}, Repeats: 2, Baseline: []LevelLimit{{"off", 0.2}}},
		}
	}
	if err := good().check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Sweep){
		`sweep.fault is "g"`:                    func(s *Sweep) { s.Fault = "g" },
		"sweep: 1 sizes, 2 repeats":             func(s *Sweep) { s.Sizes = s.Sizes[:1] },
		"sweep: 2 sizes, 0 repeats":             func(s *Sweep) { s.Repeats = 0 },
		"sweep.sizes[0] is 0":                   func(s *Sweep) { s.Sizes[0] = 0 },
		"sweep.sizes[1]":                        func(s *Sweep) { s.Sizes[1] = math.NaN() },
		"sweep.sizes[1] is 0.1, after 0.1":      func(s *Sweep) { s.Sizes[1] = 0.1 },
		"sweep.sizes[1] is 0.5, after 0.1":      func(s *Sweep) { s.Falls = true },
		`sweep.baseline[0] is "full", 0.2`:      func(s *Sweep) { s.Baseline[0].Level = "full" },
		`sweep.baseline[0] is "off", 0: want a`: func(s *Sweep) { s.Baseline[0].Limit = 0 },
	} {
		r := good()
		change(r.Sweep)
		if err := r.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	r := good()
	for size, want := range map[float64]string{0: "", 0.1: "", 0.3: "size is 0.3, which the sweep of the run does not have"} {
		err := FaultEvent{Fault: "f", Phase: PhaseInject, Size: size}.check(r)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("size %g: %v, want %q", size, err, want)
		}
	}
	r.Sweep = nil
	if err := (FaultEvent{Fault: "f", Phase: PhaseInject, Size: 0.1}).check(r); err == nil {
		t.Error("a size without a sweep")
	}
}
