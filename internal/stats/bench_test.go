package stats

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkEstimate(b *testing.B) {
	for _, rounds := range []int{15, 60, 200} {
		b.Run(fmt.Sprintf("3x%d", rounds), func(b *testing.B) {
			groups := draw(0, normal)(rand.New(rand.NewPCG(1, 2)), 3, rounds)
			for b.Loop() {
				Estimate(groups, Options{})
			}
		})
	}
}
