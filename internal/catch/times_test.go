package catch

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// TestTimesOf: of a packed histogram they are the bars of the plain one.
func TestTimesOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	h := result.NewHistogram()
	for n := range 2000 {
		result.Record(h, time.Duration(rng.ExpFloat64()*float64(time.Millisecond)*float64(1+n%7*1000)))
	}
	var want []stats.Weighted
	for _, bar := range h.Distribution() {
		if bar.Count > 0 {
			want = append(want, stats.Weighted{Value: time.Duration(bar.To).Seconds(), N: bar.Count})
		}
	}
	packed, err := result.NewInterval(result.Tag{}, h).Packed()
	if err != nil {
		t.Fatal(err)
	}
	if got := timesOf(packed); len(want) < 100 || !slices.Equal(got, want) {
		t.Errorf("%d times, want %d", len(got), len(want))
	}
}
