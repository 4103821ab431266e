package stack

import (
	"fmt"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/population"
)

// clickThrough is the expected share of slates clicked when every user is shown what show returns.
func clickThrough(pop *population.Population, d population.Drift, show func(u population.User) []string) float64 {
	sum := 0.0
	for i := range pop.Users() {
		u := pop.User(i)
		none := 1.0
		for pos, id := range show(u) {
			item, _ := pop.Item(id)
			none *= 1 - pop.ClickProbability(u, item, pos, d)
		}
		sum += 1 - none
	}
	return sum / float64(pop.Users())
}

func slateFor(m *ranker, variant string) func(u population.User) []string {
	return func(u population.User) []string {
		return m.rank(rankRequest{
			AgeBand: population.AgeBand(u.Age), Tier: tierOf(u.Tier), Slots: 5, Variant: variant,
		}).Items
	}
}

func tierOf(tier string) int {
	for i, t := range population.Tiers {
		if t == tier {
			return i
		}
	}
	return -1
}

func TestExplore(t *testing.T) {
	for _, seed := range []int64{1, 2, 42} {
		pop := population.New(seed, 1000, 200)
		m := train(pop, seed)
		def := popularItems(pop.Items(), 5)
		d := clickThrough(pop, population.Drift{}, func(population.User) []string { return def })
		a := clickThrough(pop, population.Drift{}, slateFor(m, "a"))
		b := clickThrough(pop, population.Drift{}, slateFor(m, "b"))
		dr := clickThrough(pop, population.Drift{Taste: 1}, slateFor(m, "a"))
		fmt.Println(seed, "default", d, "a", a, "b", b, "drift", dr, m.base.Version, m.affinity, m.popular, m.bias, m.position[:6])
		for band := range population.AgeBands {
			for tier := range population.Tiers {
				r := m.rank(rankRequest{AgeBand: band, Tier: tier, Slots: 5, Variant: "a"})
				rb := m.rank(rankRequest{AgeBand: band, Tier: tier, Slots: 5, Variant: "b"})
				fmt.Printf("%d/%d %.3f %.3f %v %v\n", band, tier, r.Confidence, rb.Confidence, r.Items, rb.Items)
			}
		}
	}
}

func BenchmarkTrain(b *testing.B) {
	pop := population.New(1, 1000, 200)
	for b.Loop() {
		train(pop, 1)
	}
}
