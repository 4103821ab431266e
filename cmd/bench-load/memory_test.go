package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestSlope: a heap that rises and falls by 20 MB with its collections, and grows by so many bytes an hour.
func TestSlope(t *testing.T) {
	for _, grows := range []float64{0, 300e6} {
		rng := rand.New(rand.NewPCG(1, uint64(grows)))
		held := 0
		const runs = 200
		for range runs {
			var all []sample
			saw := rng.Float64()
			for n := range 720 { // an hour, every 5 s
				after := time.Duration(n) * 5 * time.Second
				saw += 0.3 + 0.1*rng.Float64()
				all = append(all, sample{after, int64(60e6 + grows*after.Hours() + 20e6*(saw-math.Floor(saw))), int64(n) * 5000})
			}
			got, half := slope(all)
			if got-half <= grows && grows <= got+half {
				held++
			}
			if half > 30e6 {
				t.Fatalf("half-width %.0f bytes an hour", half)
			}
		}
		if held < runs*85/100 {
			t.Errorf("growth %.0f is in %d of %d intervals, want 95 %%", grows, held, runs)
		}
	}
}

func TestSessionsAtOnce(t *testing.T) {
	s := &sessions{from: map[string]int64{}, to: map[string]int64{}}
	for _, r := range []struct {
		session    string
		came, left int64
	}{{"a", 1, 2}, {"b", 2, 3}, {"a", 8, 9}, {"c", 4, 5}, {"d", 10, 11}, {"c", 6, 7}} {
		s.saw(r.session, r.came, r.left)
	}
	if got := s.most(); got != 2 { // a and b, then a and c
		t.Errorf("%d sessions at once, want 2", got)
	}
}
