package runner

import (
	"math/rand/v2"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// TestVary: launches differ in order and environment size, keep what an arm needs, and are drawn from the seed.
func TestVary(t *testing.T) {
	var arms []testenv.ArmSpec
	for _, name := range []string{"off", "again", "metrics", "full"} {
		arms = append(arms, testenv.ArmSpec{Arm: result.Arm{Name: name}, Env: map[string]string{"OTEL_SERVICE_NAME": name}})
	}
	draw := func(seed uint64) (first map[string]int, padding map[int]bool) {
		rng := rand.New(rand.NewPCG(seed, 1))
		first, padding = map[string]int{}, map[int]bool{}
		for range 40 {
			varied, swapped := vary(rng, arms)
			first[varied[0].Name]++
			for _, s := range setUp(varied, swapped) {
				if s.Padding < 0 || s.Padding >= mostPadding {
					t.Fatalf("padding %d", s.Padding)
				}
				padding[s.Padding] = true
			}
			for _, arm := range varied {
				if arm.Env["OTEL_SERVICE_NAME"] != arm.Name {
					t.Fatalf("arm %s has the environment of %s", arm.Name, arm.Env["OTEL_SERVICE_NAME"])
				}
			}
		}
		return first, padding
	}
	first, padding := draw(7)
	if len(first) != len(arms) || len(padding) < 100 {
		t.Errorf("first were %v, with %d sizes of the environment", first, len(padding))
	}
	if again, _ := draw(7); again["off"] != first["off"] || again["full"] != first["full"] {
		t.Errorf("the same seed draws %v and %v", first, again)
	}
	if _, added := arms[0].Env[padVariable]; added {
		t.Error("the specs themselves have changed")
	}
}

// TestSwap: in about half of the launches each of two identical arms is deployed under the name of the other, and measured under its
// own.
func TestSwap(t *testing.T) {
	specs := []testenv.ArmSpec{
		{Arm: result.Arm{Name: "off", Role: result.RoleBaseline}}, {Arm: result.Arm{Name: "baseline-again", Role: result.RoleRepeat}},
		{Arm: result.Arm{Name: "full", Role: result.RoleLevel}},
	}
	rng, swaps := rand.New(rand.NewPCG(1, 1)), 0
	for range 100 {
		if _, swapped := vary(rng, specs); swapped {
			swaps++
		}
	}
	if swaps < 30 || swaps > 70 {
		t.Errorf("%d of 100 launches are swapped", swaps)
	}
	var deployed []testenv.Arm
	for _, spec := range specs {
		deployed = append(deployed, &resting{name: spec.Name})
	}
	for i, arm := range swap(deployed, specs) {
		want := []string{"baseline-again", "off", "full"}[i]
		if as := setUp(specs, true)[i]; arm.Name() != want || as.Arm != want || (as.As == "") != (want == "full") {
			t.Errorf("%s is called %s, and recorded as %+v", specs[i].Name, arm.Name(), as)
		}
	}
	if as := setUp(specs, false)[0]; as.Arm != "off" || as.As != "" {
		t.Errorf("recorded as %+v though nothing is swapped", as)
	}
}
