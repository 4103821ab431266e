package stack

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

func TestSegments(t *testing.T) {
	age := func(n int) *int { return &n }
	tier := func(s string) *string { return &s }
	for _, test := range []struct {
		name              string
		profile           profileAnswer
		segment           string
		reason, attribute string
		missing           []string
	}{
		{"whole", profileAnswer{Age: age(30), Tier: tier("gold")}, "25-34/gold", "", "", nil},
		{"no age", profileAnswer{Tier: tier("gold")}, "missing/gold", reasonMissing, "age", []string{"age"}},
		{"no tier", profileAnswer{Age: age(30)}, "25-34/missing", reasonMissing, "tier", []string{"tier"}},
		{"neither", profileAnswer{}, "missing/missing", reasonMissing, "age", []string{"age", "tier"}},
		{"impossible age", profileAnswer{Age: age(-1), Tier: tier("gold")}, "missing/gold", reasonInvalid, "age", nil},
		{"age of a tree", profileAnswer{Age: age(200), Tier: tier("gold")}, "missing/gold", reasonInvalid, "age", nil},
		{"unknown tier", profileAnswer{Age: age(70), Tier: tier("tin")}, "60+/missing", reasonInvalid, "tier", nil},
	} {
		yes := true
		test.profile.Consent = &yes
		s := segmentOf(test.profile)
		if s.name() != test.segment || s.reason != test.reason || s.attribute != test.attribute || !slices.Equal(s.missing, test.missing) {
			t.Errorf("%s: got %s %+v", test.name, s.name(), s)
		}
	}
}

func TestAlterationHitsTheSameShare(t *testing.T) {
	half, most := alteration{Share: 0.5}, alteration{Share: 0.9}
	hit := 0
	for i := range 2000 {
		user := fmt.Sprintf("u%d", i)
		if half.hits(7, user) {
			hit++
			if !most.hits(7, user) {
				t.Errorf("%s is among the half and not among the nine tenths", user)
			}
		}
	}
	if hit < 900 || hit > 1100 {
		t.Errorf("half hits %d of 2000", hit)
	}
}

func TestDriftMeter(t *testing.T) {
	d := distribution{Bins: append(slices.Clone(population.AgeBands), missingBin), Shares: []float64{0.16, 0.24, 0.24, 0.22, 0.14, 0}}
	rng := rand.New(rand.NewPCG(1, 1))
	draw := func(shares []float64) string {
		u := rng.Float64()
		for i, s := range shares {
			if u -= s; u < 0 {
				return d.Bins[i]
			}
		}
		return missingBin
	}
	m := newDriftMeter(d)
	for range driftLeast - 1 {
		m.observe(draw(d.Shares))
	}
	if _, ok := m.psi(); ok {
		t.Errorf("reported below %d values", driftLeast)
	}
	for range driftWindow {
		m.observe(draw(d.Shares))
	}
	same, ok := m.psi()
	if !ok || same > 0.06 {
		t.Errorf("PSI of equal distributions is %.3f, %v, want about 0", same, ok)
	}
	for range driftWindow {
		m.observe(draw([]float64{0.4, 0.6}))
	}
	if young, _ := m.psi(); young < 0.25 || math.IsInf(young, 0) {
		t.Errorf("PSI of a young crowd is %.3f, want a major shift", young)
	}
	for range driftWindow {
		m.observe("a bin that training did not have")
	}
	if gone, _ := m.psi(); gone < 1 || math.IsInf(gone, 0) {
		t.Errorf("PSI of a missing input is %.3f, want above 1", gone)
	}
	for range driftWindow {
		m.observe(draw(d.Shares))
	}
	if back, _ := m.psi(); back > 0.06 {
		t.Errorf("PSI after the window is %.3f, want about 0 again", back)
	}
}
