package stack

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// Size and pace of the training. A longer one no longer improves the slates noticeably.
const (
	trainSlates  = 100_000 // slates shown to simulated users
	trainSlots   = 5       // items in each
	historyMost  = 60      // at most so many slates has a user seen before the one that is learned from
	learningRate = 0.2     // first step of the gradient descent; falls to a fortieth of it
	shrinkage    = 1e-5    // L2 penalty per step

	earlySlates = 600 // the training after so many is an artefact of its own: the first release
)

// popularityBoost is what variant b adds for popular items, in units of the logit: such a slate fits the user a little less and
// has more items that many like.
const popularityBoost = 2.5

// ranker is a trained logistic regression for a click on an item at a position; it is immutable. Its features are age band ×
// category, tier × category, the user's recent affinity to the category, the item's popularity and the position on the slate.
type ranker struct {
	items    []population.Item
	age      [][population.Categories]float64 // by population.AgeBands
	tier     [][population.Categories]float64 // by population.Tiers
	affinity float64
	popular  float64
	bias     float64
	position [slotsMost]float64 // relative to the first position; learned up to trainSlots, constant after that

	version string
	release int
	schema  string   // what the artefact says of the columns that it was trained with
	encoder string   // the hash of the columns that are in use
	columns []string // what the encoder says they are
	base    baseline
}

// affinity returns the share of a category in the clicks of a user, shrunk towards 0 while the clicks are few.
func affinity(clicks *[population.Categories]float64, category int) float64 {
	total := 0.0
	for _, n := range clicks {
		total += n
	}
	return clicks[category] / (total + 3)
}

// train shows random slates to users of the population without drift, and learns from their clicks. It returns what a registry of
// models would have afterwards, the oldest release first. The same arguments give the same artefacts.
func train(pop *population.Population, seed int64) registry {
	m := &ranker{
		items: pop.Items(),
		age:   make([][population.Categories]float64, len(population.AgeBands)),
		tier:  make([][population.Categories]float64, len(population.Tiers)),
		bias:  -3,
	}
	rng := rand.New(rand.NewPCG(uint64(seed), 0x747261696e))
	ages := make([]float64, len(population.AgeBands))
	tiers := make([]float64, len(population.Tiers))
	slate := make([]population.Item, trainSlots)
	var releases registry
	release := func() {
		releases = append(releases, m.artefact(seed, len(releases)+1, map[string]distribution{
			featureAge:  distributionOf(population.AgeBands, ages),
			featureTier: distributionOf(population.Tiers, tiers),
		}))
	}
	for n := 0; n < trainSlates; {
		user := pop.Arrive(rng, population.Drift{})
		band, tier := population.AgeBand(user.Age), slices.Index(population.Tiers, user.Tier)
		ages[band]++
		tiers[tier]++
		var clicks [population.Categories]float64
		for range 1 + rng.IntN(historyMost) { // some users have a short past, some a longer one
			for i := range slate {
				slate[i] = m.items[rng.IntN(len(m.items))]
			}
			clicked := pop.Click(user, slate, population.Drift{}, rng.Float64())
			rate := learningRate / (1 + 39*float64(n)/trainSlates)
			m.learn(band, tier, &clicks, slate, clicked, rate)
			if clicked >= 0 {
				clicks[slate[clicked].Category]++
			}
			n++
		}
		if len(releases) == 0 && n >= earlySlates {
			release()
		}
	}
	release()
	return releases
}

// learn takes one gradient step per item that the user looked at: the items up to the click, or all items if there was no
// click.
func (m *ranker) learn(band, tier int, clicks *[population.Categories]float64, slate []population.Item, clicked int, rate float64) {
	for i, item := range slate {
		c, aff, label := item.Category, affinity(clicks, item.Category), 0.0
		if i == clicked {
			label = 1
		}
		step := rate * (label - sigmoid(m.logit(band, tier, c, aff, item.Popularity)+m.position[i]))
		m.age[band][c] += step - shrinkage*m.age[band][c]
		m.tier[tier][c] += step - shrinkage*m.tier[tier][c]
		m.affinity += step * aff
		m.popular += step * item.Popularity
		m.bias += step
		if i > 0 {
			m.position[i] += step
		}
		if i == clicked {
			return
		}
	}
}

func (m *ranker) logit(band, tier, category int, aff, popularity float64) float64 {
	return m.bias + m.age[band][category] + m.tier[tier][category] + m.affinity*aff + m.popular*popularity
}

// rank returns the best items for a request, the best first.
func (m *ranker) rank(req rankRequest) rankAnswer {
	var byCategory [population.Categories]float64
	for c := range byCategory {
		byCategory[c] = m.logit(req.AgeBand, req.Tier, c, affinity(&req.Clicks, c), 0)
	}
	boost := 0.0
	if req.Variant == "b" {
		boost = popularityBoost
	}
	slots := min(req.Slots, len(m.items))
	best, order := make([]int, 0, slots), make([]float64, 0, slots)
	low, high := math.Inf(1), math.Inf(-1)
	for i, item := range m.items {
		logit := byCategory[item.Category] + m.popular*item.Popularity
		low, high = min(low, logit), max(high, logit)
		score := logit + boost*item.Popularity
		if len(best) == slots {
			if score <= order[slots-1] {
				continue
			}
			best, order = best[:slots-1], order[:slots-1]
		}
		at := len(order)
		for at > 0 && order[at-1] < score {
			at--
		}
		best, order = slices.Insert(best, at, i), slices.Insert(order, at, score)
	}
	answer := rankAnswer{Items: make([]string, slots), Scores: make([]float64, slots), Version: m.version, spread: sigmoid(high) - sigmoid(low)}
	none := 1.0 // probability that nothing is clicked
	for at, i := range best {
		item := m.items[i]
		logit := byCategory[item.Category] + m.popular*item.Popularity
		answer.Items[at], answer.Scores[at] = item.ID, sigmoid(logit)
		none *= 1 - sigmoid(logit+m.position[at])
	}
	answer.Confidence = 1 - none
	return answer
}

// popularItems returns the ids of the n most popular items of a catalogue, the most popular first.
func popularItems(items []population.Item, n int) []string {
	n = min(n, len(items))
	best := make([]population.Item, 0, n+1)
	for _, item := range items {
		at := len(best)
		for at > 0 && best[at-1].Popularity < item.Popularity {
			at--
		}
		if at < n {
			best = slices.Insert(best, at, item)
			best = best[:min(len(best), n)]
		}
	}
	ids := make([]string, len(best))
	for i, item := range best {
		ids[i] = item.ID
	}
	return ids
}

func distributionOf(names []string, counts []float64) distribution {
	total := 0.0
	for _, n := range counts {
		total += n
	}
	d := distribution{Bins: append(append([]string{}, names...), missingBin), Shares: make([]float64, len(names)+1)}
	for i, n := range counts {
		d.Shares[i] = n / total
	}
	return d
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
