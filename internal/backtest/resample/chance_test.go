package resample

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tollgate-dev/tollgate/internal/evidence"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// sightingOf has records of traces, by their numbers, in the clean window and in the fault's, one a second.
func sightingOf(clean, fault []byte) *sighting {
	begin := time.Date(2026, 1, 2, 15, 4, 0, 0, time.UTC)
	s := &sighting{Query: evidence.Query{Windows: evidence.Windows{FaultStart: begin}}}
	for i, trace := range clean {
		s.records = append(s.records, record{begin.Add(time.Duration(i-60) * time.Second), pcommon.TraceID{trace}, true})
	}
	for i, trace := range fault {
		s.records = append(s.records, record{begin.Add(time.Duration(i+1) * time.Second), pcommon.TraceID{trace}, false})
	}
	return s
}

// What is computed is what many draws of a sampler come to, whatever the traces have in common; a sampler that keeps all leaves it as it
// was recorded.
func TestChanceIsThatOfDraws(t *testing.T) {
	for _, c := range []struct {
		name         string
		clean, fault []byte
	}{
		{"one trace", nil, []byte{1}},
		{"several", nil, []byte{1, 2, 3, 4}},
		{"one with several records", nil, []byte{1, 1, 1, 2}},
		{"evidence before it", []byte{9}, []byte{1, 2, 3}},
		{"one that is in both", []byte{1, 9}, []byte{1, 2, 3}},
		{"only one that is in both", []byte{1}, []byte{1}},
		{"nothing", nil, nil},
	} {
		s := sightingOf(c.clean, c.fault)
		kept := func(id pcommon.TraceID) float64 { return 0.1 * float64(id[0]) }
		got, _ := s.chance(kept)
		rng, diagnosed := rand.New(rand.NewPCG(1, 2)), 0.0
		const draws = 20_000
		for range draws {
			keeps := map[byte]bool{}
			for id := range byte(10) {
				keeps[id] = rng.Float64() < 0.1*float64(id)
			}
			fault, clean := 0, 0
			for _, id := range c.fault {
				fault += bit(keeps[id])
			}
			for _, id := range c.clean {
				clean += bit(keeps[id])
			}
			diagnosed += float64(bit(fault > 0 && clean == 0))
		}
		if in := stats.ClopperPearson(diagnosed, draws, 0.9999); got < in.Lo || got > in.Hi {
			t.Errorf("%s: %v, and %v of the draws: %+v", c.name, got, diagnosed/draws, in)
		}
		all, _ := s.chance(func(pcommon.TraceID) float64 { return 1 })
		if want := float64(bit(len(c.fault) > 0 && len(c.clean) == 0)); all != want {
			t.Errorf("%s: everything is kept: %v, want %v", c.name, all, want)
		}
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// One half is reached with the record that takes the chance there, and never where too little is kept.
func TestHalf(t *testing.T) {
	for _, c := range []struct {
		kept, want float64
	}{{1, 1}, {0.5, 1}, {0.3, 2}, {0.2, 4}, {0.1, math.NaN()}} {
		_, got := sightingOf(nil, []byte{1, 2, 3, 4}).chance(func(pcommon.TraceID) float64 { return c.kept })
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("kept %v: half after %v s, want %v", c.kept, got, c.want)
		}
	}
}
