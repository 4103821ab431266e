package history

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/value"
)

const (
	begins = int64(1_000_000_000) // of the record, ms
	step   = int64(500)
)

// all is read in full, for longer than any history here is.
var all = []Tier{{Past: math.MaxInt64, Step: 0}}

// recorded is a series with a sample every step from the begin of the record on.
func recorded(n int, value func(i int) float64) []Sample {
	var out []Sample
	for i := range n {
		out = append(out, Sample{begins + int64(i)*step, value(i)})
	}
	return out
}

// drawn plans an hour of history, of two windows of 10 s and one of 4 s.
func drawn(t *testing.T, seed int64) *Plan {
	t.Helper()
	windows := []Window{{begins + 5_000, begins + 15_000}, {begins + 40_100, begins + 50_000}, {begins + 70_000, begins + 74_000}}
	p, err := Draw(windows, begins, 3_600_000, step, seed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Stretches are as long as the median of the windows, and whole within one of them; what is short gives none.
func TestDraw(t *testing.T) {
	p := drawn(t, 1)
	if p.Windows != 2 || p.Block != 9000 || p.Clean != 9500+9000 || p.Begin != begins-3_600_000 || p.End != begins {
		t.Errorf("plan of %d windows, %d ms, in stretches of %d ms, from %d to %d", p.Windows, p.Clean, p.Block, p.Begin, p.End)
	}
	for _, at := range p.sources {
		first := at >= begins+5_500 && at+p.Block <= begins+15_000
		second := at >= begins+41_000 && at+p.Block <= begins+50_000
		if !first && !second || (at-begins)%step != 0 {
			t.Fatalf("a stretch from %d ms on", at-begins)
		}
	}
	if again := drawn(t, 1); !slices.Equal(p.sources, again.sources) {
		t.Error("the same seed gave another plan")
	}
	if other := drawn(t, 2); slices.Equal(p.sources, other.sources) {
		t.Error("another seed gave the same plan")
	}
	if _, err := Draw([]Window{{begins, begins + 1000}}, begins, 3_600_000, step, 1); !errors.Is(err, ErrNoClean) {
		t.Errorf("of a window of two samples: %v", err)
	}
}

// A counter grows as it did without a fault, never falls, and ends at the first recorded value. What it counted under a fault, in between
// the windows, and its reset there, are not in the past.
func TestCounter(t *testing.T) {
	random, total := rand.New(rand.NewPCG(1, 1)), 0.0
	of := recorded(200, func(i int) float64 {
		switch at := int64(i) * step; {
		case at == 25_000:
			total = 0
		case at > 25_000 && at < 35_000:
			total += 1000
		default:
			total += 0.1 * float64(random.IntN(100))
		}
		return total
	})
	made := drawn(t, 1).Counter(of, all)
	if len(made) != 7200 {
		t.Fatalf("%d samples in an hour", len(made))
	}
	for i, s := range made {
		if i > 0 && (s.V < made[i-1].V || s.T != made[i-1].T+step) {
			t.Fatalf("%v after %v", s, made[i-1])
		}
	}
	last := made[len(made)-1]
	if last.V > of[0].V || last.V < of[0].V-1e-6 || last.T != begins-step {
		t.Errorf("the history ends with %v, the record begins with %v", last, of[0])
	}
	// the mean of 7200 draws of 4.95 ± 2.9, but from 37 recorded ones, whose mean is within three standard errors of 0.48
	if growth := (last.V - made[0].V) / 7199; growth < 4.95-1.5 || growth > 4.95+1.5 {
		t.Errorf("it grows by %.2f a sample, and by 4.95 in the run", growth)
	}
}

// Series of one level keep to each other: what one is a tenth of in the record, it is a tenth of in every stretch of the past.
func TestTogether(t *testing.T) {
	random, total := rand.New(rand.NewPCG(1, 2)), 0.0
	whole := recorded(200, func(int) float64 { total += float64(random.IntN(100)); return total })
	tenth := recorded(200, func(i int) float64 { return whole[i].V / 10 })
	p := drawn(t, 3)
	a, b := p.Counter(whole, all), p.Counter(tenth, all)
	for i := 1; i < len(a); i++ {
		if grown, part := a[i].V-a[i-1].V, b[i].V-b[i-1].V; math.Abs(grown-10*part) > 1e-6 {
			t.Fatalf("sample %d: one grows by %v and the other by %v", i, grown, part)
		}
	}
}

// The values of a gauge are recorded ones; a stretch in which it was not there ends with a marker, and so does a history whose record
// begins without it.
func TestGauge(t *testing.T) {
	of := recorded(200, func(i int) float64 { return float64(i) })
	there := func(i int) bool { return i >= 80 } // in the second window only
	part := slices.DeleteFunc(slices.Clone(of), func(s Sample) bool { return !there(int(s.V)) })
	made := drawn(t, 1).Gauge(part, all)
	live, markers := 0, 0
	for i, s := range made {
		switch {
		case !value.IsStaleNaN(s.V):
			live++
			if at := int64(s.V) * step; at < 41_000 || at >= 50_000 {
				t.Fatalf("a value of %d ms, under a fault", at)
			}
		case i > 0 && value.IsStaleNaN(made[i-1].V):
			t.Fatalf("two markers, at %d and %d", made[i-1].T, s.T)
		default:
			markers++
		}
	}
	if live == 0 || live%18 != 0 || markers == 0 || live > 7200*3/4 {
		t.Errorf("%d values and %d markers", live, markers)
	}
	if last := made[len(made)-1]; !value.IsStaleNaN(last.V) {
		t.Errorf("the history ends with %v, and the record begins without the series", last)
	}
	if got := drawn(t, 1).Gauge(recorded(8, func(int) float64 { return 1 }), all); got != nil {
		t.Errorf("a series that no clean window has has a past of %d samples", len(got))
	}
}

// Samples are as far apart as those that read them allow, and go as far back as somebody reads.
func TestTiers(t *testing.T) {
	tiers := Tiers([]Tier{{600_000, 10_000}, {60_000, 0}, {30_000, 5000}})
	if want := []Tier{{30_000, 0}, {60_000, 0}, {600_000, 10_000}}; !slices.Equal(tiers, want) {
		t.Errorf("tiers %v, want %v", tiers, want)
	}
	p := drawn(t, 1)
	of := recorded(200, func(i int) float64 { return float64(i) })
	made := p.Counter(of, tiers)
	if most := p.Size(tiers); int64(len(made)) > most || most > 175 || len(made) < 160 {
		t.Errorf("%d samples, at most %d", len(made), most)
	}
	for i := 1; i < len(made); i++ {
		apart, want := made[i].T-made[i-1].T, step
		if begins-made[i].T > 60_000 {
			want = 10_000
		}
		if apart < want || apart > want+step {
			t.Errorf("%d ms before the record samples are %d ms apart", begins-made[i].T, apart)
		}
	}
	if first := begins - made[0].T; first > 600_000 || first < 580_000 {
		t.Errorf("the past goes back %d ms", first)
	}
	full := p.Counter(of, all)
	for _, s := range made { // as if the others were left out
		if !slices.Contains(full, s) {
			t.Errorf("%v is not in the full history", s)
		}
	}
}
