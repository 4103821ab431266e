package runner

import (
	"math/rand/v2"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/result"
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
			varied := vary(rng, arms)
			first[varied[0].Name]++
			for _, s := range setUp(varied) {
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
