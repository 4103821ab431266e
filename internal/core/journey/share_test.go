package journey

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// thirds deal a plan out to three.
var thirds = []Share{{Of: 4, Own: []int{1, 3}}, {Of: 4, Own: []int{0}}, {Of: 4, Own: []int{2}}}

// TestSharesAreThePlan: what three streams make with a share each is what one makes of the whole plan: the same requests at
// the same times, and none twice.
func TestSharesAreThePlan(t *testing.T) {
	play := func(source *Source, share Share) []string {
		s := NewStream(source, 0, "s", 1)
		s.Share = share
		s.SetRate(100, 0)
		return perfect(s, 20*time.Second)
	}
	for name, source := range map[string]*Source{
		"population": testCrowd(1),
		"recorded at its own times": {planner: newRecording(testCrowd(1).People(), mustParse(t, fixture),
			Replay{Speed: 10, Recorded: true}, 1)},
	} {
		whole := play(source, Share{})
		var parts []string
		for _, share := range thirds {
			own := play(source, share)
			if len(own) == len(whole) {
				t.Errorf("%s: a share is the whole plan", name)
			}
			parts = append(parts, own...)
		}
		slices.Sort(whole)
		slices.Sort(parts)
		if len(whole) < 10 || fmt.Sprint(whole) != fmt.Sprint(parts) {
			t.Errorf("%s: %d requests of the shares, %d of the plan, or others", name, len(parts), len(whole))
		}
	}
}

func TestShare(t *testing.T) {
	seen := map[int]int{}
	for _, s := range thirds {
		for k := range int(100 * s.Size()) {
			n := s.Nth(k)
			if s.Below(n) != k || s.Below(n+1) != k+1 {
				t.Errorf("%v: %d journeys are below its journey %d, %d, and %d below the next one", s, s.Below(n), k, n, s.Below(n+1))
			}
			if !s.Has(n) {
				t.Errorf("%v: its journey %d is %d, which it does not have", s, k, n)
			}
			seen[n]++
		}
	}
	for n := range 100 {
		if seen[n] != 1 {
			t.Errorf("journey %d is in %d shares", n, seen[n])
		}
	}
	if (Share{}).Nth(7) != 7 || (Share{}).Size() != 1 || !(Share{}).Has(7) {
		t.Error("the zero value is not the whole plan")
	}
}
