package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// fitted is what was measured for one arm under steady load of 240 requests a second: half-widths of the difference at p50 of two
// identical arms that alternate, with 10 s of load for each, in per cent (docs/resolution.md has such a table of another machine).
var fitted = []struct{ seconds, half float64 }{{0.05, 2.2}, {0.1, 2.5}, {0.2, 2.9}, {0.5, 4.2}, {1, 6.2}}

// alternation computes the same for a machine, as the mean over several minutes of load.
func (m host) alternation(rng *rand.Rand, seconds float64, times int) float64 {
	sum := 0.0
	for range times {
		now := &speed{host: m, rng: rng}
		now.pass(betweenAll)
		var blocks [][]float64
		for range int(20 / step) {
			now.pass(step)
			var block []float64
			for range poisson(rng, mainRate*step) {
				block = append(block, math.Exp(now.latency()))
			}
			blocks = append(blocks, block)
		}
		half := stats.AlternationNoise(rng, blocks, int(math.Round(seconds/step)), 0.5)
		sum += half * half
	}
	return math.Sqrt(sum / float64(times))
}

// scaleTable shows the machines beside what was measured.
func scaleTable(o simulateOptions) *markdown.Table {
	t := &markdown.Table{
		Title:  "Simulation in slices: the machines",
		Header: []string{"arms alternate every", "measured"},
		Notes: []string{"Half-widths of the difference of two identical arms at p50, with 10 s of load for each at 240 requests per second. " +
			"The loaded machine was not fitted to such a table, but to the spread of requests and slots on the noisy day."},
	}
	for _, m := range hosts()[:2] {
		t.Header = append(t.Header, m.name)
	}
	for i, f := range fitted {
		row := []string{fmt.Sprintf("%.0f ms", 1000*f.seconds), fmt.Sprintf("%.1f %%", f.half)}
		for k, m := range hosts()[:2] {
			rng := rand.New(rand.NewPCG(stream(o.seed, 3, uint64(i), uint64(k)), 0))
			row = append(row, percent(m.alternation(rng, f.seconds, 10)))
		}
		t.Add(row...)
	}
	return t
}
