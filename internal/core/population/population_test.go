package population

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestTheSeedIsThePopulation(t *testing.T) {
	a, b, c := New(3, 50, 20), New(3, 50, 20), New(4, 50, 20)
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed gives another population")
	}
	if reflect.DeepEqual(a.users, c.users) {
		t.Error("another seed gives the same users")
	}
}

func TestUsersAreLegal(t *testing.T) {
	p := New(1, 2000, 40)
	bands := make([]int, len(AgeBands))
	for i := range p.Users() {
		u := p.User(i)
		band := AgeBand(u.Age)
		if band < 0 || !slices.Contains(Tiers, u.Tier) || !slices.Contains(Countries, u.Country) || u.Index != i {
			t.Fatalf("user %+v", u)
		}
		bands[band]++
	}
	for band, n := range bands {
		if n == 0 {
			t.Errorf("nobody is %s", AgeBands[band])
		}
	}
}

func TestAgeBands(t *testing.T) {
	for age, want := range map[int]int{-1: -1, 0: 0, 24: 0, 25: 1, 34: 1, 44: 2, 59: 3, 60: 4, 120: 4, 121: -1} {
		if got := AgeBand(age); got != want {
			t.Errorf("age %d is in band %d, want %d", age, got, want)
		}
	}
}

// best returns the slate of an oracle that knows every taste but no drift.
func best(p *Population, u User) []Item {
	items := slices.Clone(p.Items())
	slices.SortStableFunc(items, func(a, b Item) int {
		pa, pb := p.ClickProbability(u, a, 0, Drift{}), p.ClickProbability(u, b, 0, Drift{})
		switch {
		case pa > pb:
			return -1
		case pa < pb:
			return 1
		default:
			return 0
		}
	})
	return items[:4]
}

// clickThrough plays arriving users on slates.
func clickThrough(p *Population, d Drift, slate func(User) []Item) float64 {
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 4000
	clicks := 0
	for range n {
		u := p.Arrive(rng, d)
		if p.Click(u, slate(u), d, rng.Float64()) >= 0 {
			clicks++
		}
	}
	return float64(clicks) / n
}

// TestRecommendationsMatter: users click on items that fit them more than on popular items, and a drift reverses that.
func TestRecommendationsMatter(t *testing.T) {
	p := New(1, 500, 80)
	slates := make([][]Item, p.Users())
	for i := range slates {
		slates[i] = best(p, p.User(i))
	}
	fitting := func(u User) []Item { return slates[u.Index] }
	popular := func(User) []Item { return p.Items()[:4] }
	good, plain := clickThrough(p, Drift{}, fitting), clickThrough(p, Drift{}, popular)
	if good < 1.3*plain {
		t.Errorf("fitting slates: %.3f, popular ones: %.3f; want at least 1.3 times as much", good, plain)
	}
	if drifted := clickThrough(p, Drift{Taste: 0.8, Mix: 0.75}, fitting); drifted > 0.8*good {
		t.Errorf("after the drift: %.3f, before: %.3f; want at most 0.8 times as much", drifted, good)
	}
}

func TestDriftMakesArrivalsYounger(t *testing.T) {
	p := New(1, 1000, 20)
	young := func(d Drift) float64 {
		rng := rand.New(rand.NewPCG(1, 1))
		n := 0
		for range 4000 {
			if AgeBand(p.Arrive(rng, d).Age) < 2 {
				n++
			}
		}
		return float64(n) / 4000
	}
	if before, after := young(Drift{}), young(Drift{Mix: 0.75}); before > 0.5 || after < 0.8 {
		t.Errorf("the share of the young is %.2f, and %.2f after the drift", before, after)
	}
}

func TestOutsideIdsMapForGood(t *testing.T) {
	p := New(1, 100, 50)
	again := New(1, 100, 50)
	if p.ItemFor("214536502") != again.ItemFor("214536502") || p.UserFor("s1").ID != again.UserFor("s1").ID {
		t.Error("the same id maps to different things")
	}
	if it, ok := p.Item("i7"); !ok || it.Index != 7 {
		t.Errorf("i7 is %+v, %t", it, ok)
	}
	for _, id := range []string{"", "i", "i50", "i-1", "x7"} {
		if _, ok := p.Item(id); ok {
			t.Errorf("%q is taken for an item", id)
		}
	}
}
