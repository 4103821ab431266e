package stack

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/population"
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

// trained is the ranker that a deployment would have.
func trained(pop *population.Population, seed int64) *ranker {
	m, err := load(pop.Items(), train(pop, seed).newest())
	if err != nil {
		panic(err)
	}
	return m
}

func rankFor(m *ranker, u population.User, variant string) rankAnswer {
	return m.rank(rankRequest{
		AgeBand: population.AgeBand(u.Age), Tier: slices.Index(population.Tiers, u.Tier), Slots: 5, Variant: variant,
	})
}

func TestRankingBeatsDefaultContent(t *testing.T) {
	for _, seed := range []int64{1, 2, 42} {
		pop := population.New(seed, 1000, 200)
		m := trained(pop, seed)
		popular := popularItems(pop.Items(), 5)
		slate := func(variant string) func(population.User) []string {
			return func(u population.User) []string { return rankFor(m, u, variant).Items }
		}
		base := clickThrough(pop, population.Drift{}, func(population.User) []string { return popular })
		a := clickThrough(pop, population.Drift{}, slate("a"))
		b := clickThrough(pop, population.Drift{}, slate("b"))
		drifted := clickThrough(pop, population.Drift{Taste: 0.6}, slate("a"))
		t.Logf("seed %d: default %.3f, a %.3f, b %.3f, a drifted %.3f", seed, base, a, b, drifted)
		if a < 1.3*base || b < 1.3*base {
			t.Errorf("seed %d: rankings are clicked %.3f and %.3f, default content %.3f: want at least 1.3 times as much", seed, a, b, base)
		}
		if drifted > 0.8*a {
			t.Errorf("seed %d: click-through after drift is %.3f, want clearly below %.3f", seed, drifted, a)
		}
		sum := 0.0
		for i := range pop.Users() {
			sum += rankFor(m, pop.User(i), "a").Confidence
		}
		if predicted := sum / float64(pop.Users()); math.Abs(predicted-a) > 0.08 {
			t.Errorf("seed %d: mean confidence is %.3f, true click-through %.3f: want them close", seed, predicted, a)
		}
	}
}

func TestVariantsRankDifferently(t *testing.T) {
	pop := population.New(1, 200, 200)
	m := trained(pop, 1)
	differ := 0
	for i := range pop.Users() {
		if !slices.Equal(rankFor(m, pop.User(i), "a").Items, rankFor(m, pop.User(i), "b").Items) {
			differ++
		}
	}
	if differ < pop.Users()/2 {
		t.Errorf("variants differ for %d of %d users, want most", differ, pop.Users())
	}
}

func TestTrainingIsAFunctionOfTheSeed(t *testing.T) {
	pop := population.New(3, 300, 50)
	one, two, other := train(pop, 3).newest(), train(pop, 3).newest(), train(pop, 4).newest()
	if !reflect.DeepEqual(one, two) {
		t.Error("the same seed gave two models")
	}
	if one.Version == other.Version {
		t.Errorf("two seeds gave the same version %s", one.Version)
	}
}

func TestRankOrder(t *testing.T) {
	pop := population.New(1, 100, 30)
	m := trained(pop, 1)
	answer := m.rank(rankRequest{AgeBand: 2, Tier: 1, Slots: 10, Variant: "a", Clicks: [population.Categories]float64{5: 4}})
	if len(answer.Items) != 10 || len(answer.Scores) != 10 {
		t.Fatalf("got %d items and %d scores, want 10 of each", len(answer.Items), len(answer.Scores))
	}
	if !slices.IsSortedFunc(answer.Scores, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
		t.Errorf("scores are not falling: %v", answer.Scores)
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(answer.Items))); len(unique) != 10 {
		t.Errorf("items repeat: %v", answer.Items)
	}
	few := population.New(1, 100, 3)
	if got := trained(few, 1).rank(rankRequest{Slots: 10, Variant: "b"}).Items; len(got) != 3 {
		t.Errorf("a catalogue of 3 gave %d items", len(got))
	}
}

func TestPopularItems(t *testing.T) {
	items := []population.Item{{ID: "x", Popularity: 0.1}, {ID: "y", Popularity: 0.9}, {ID: "z", Popularity: 0.5}}
	if got := popularItems(items, 2); !slices.Equal(got, []string{"y", "z"}) {
		t.Errorf("got %v, want [y z]", got)
	}
	if got := popularItems(items, 9); !slices.Equal(got, []string{"y", "z", "x"}) {
		t.Errorf("got %v, want [y z x]", got)
	}
}

func BenchmarkTrain(b *testing.B) {
	pop := population.New(1, 1000, 200)
	for b.Loop() {
		train(pop, 1)
	}
}
