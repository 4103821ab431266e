package journey

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Demand is a load as it is ordered of a Stream that starts without any.
type Demand struct {
	Rate           float64       // requests per second; above 0
	Warmup, Length time.Duration // virtual time of load that does not count, and of load that counts, one after the other; Length above 0
	Launches       int           // streams, of the salts from 0 on; at least 1
	Scale          float64       // of think times
}

// sampled is how many journeys a forecast looks at, at most.
const sampled = 5_000

// Forecast is what the source can be expected to make of a demand, without a remedy.
//
// A journey that starts at time s makes K(s) of its requests in the time that counts. Journeys arrive as a Poisson process of
// intensity λ, so the number of requests has the mean λ ∫ E[K(s)] ds and the variance λ ∫ E[K(s)²] ds (Campbell's theorem).
// Where the recording says when journeys start, they are counted, and nothing is left to chance.
func (s *Source) Forecast(d Demand) slot.Forecast {
	ordered := d.Rate * d.Length.Seconds()
	if _, recorded := s.start(0); recorded {
		share := float64(s.counted(d)) / ordered
		return slot.Forecast{Share: share, Drawn: share}
	}
	journeys := s.sample(d.Scale)
	mean, square := 0.0, 0.0
	for _, offsets := range journeys {
		once, twice := presence(offsets, d.Warmup, d.Length)
		mean, square = mean+once, square+twice
	}
	perJourney := d.Rate / s.requests() / float64(len(journeys)) // λ over the number of journeys
	return slot.Forecast{
		Share: perJourney * mean / ordered, Chance: math.Sqrt(perJourney*square/float64(d.Launches)) / ordered,
		Drawn: s.drawn(d) / ordered / float64(d.Launches),
	}
}

// drawn is the number of requests that come due in the time that counts of all launches, as their streams draw them.
func (s *Source) drawn(d Demand) (requests float64) {
	for launch := range d.Launches {
		stream := NewStream(s, uint64(launch), "", d.Scale)
		stream.SetRate(d.Rate, 0)
		for stream.Peek() < d.Warmup+d.Length {
			if step := stream.Pop(); step.at >= d.Warmup {
				requests += step.nominal()
			}
		}
	}
	return requests
}

// ForecastTurns is the forecast for turns of a script of the user's own, which are Arrivals.
func ForecastTurns(seed int64, d Demand) slot.Forecast {
	ordered, turns := d.Rate*d.Length.Seconds(), 0
	for launch := range d.Launches {
		a := NewArrivals(seed, uint64(launch))
		a.SetRate(d.Rate, 0)
		for a.Peek() < d.Warmup+d.Length {
			if a.Pop() >= d.Warmup {
				turns++
			}
		}
	}
	return slot.Forecast{Share: 1, Chance: 1 / math.Sqrt(ordered*float64(d.Launches)), Drawn: float64(turns) / ordered / float64(d.Launches)}
}

// counted is how many requests come due in the time that counts, where the source says when journeys start.
func (s *Source) counted(d Demand) (n int) {
	for j := 0; ; j++ {
		at, _ := s.start(j)
		if at >= d.Warmup+d.Length {
			return n
		}
		for _, offset := range s.offsets(j, rand.New(rand.NewPCG(0, uint64(j))), d.Scale) {
			if due := at + offset; due >= d.Warmup && due < d.Warmup+d.Length {
				n++
			}
		}
	}
}

// sample are the requests of journeys, each as the time since its start: of every recorded session, or of some.
func (s *Source) sample(scale float64) [][]time.Duration {
	n, rng := cmp.Or(s.sessions(), 2000), rand.New(rand.NewPCG(1, 0x73616d70))
	out := make([][]time.Duration, min(n, sampled))
	for j := range out {
		out[j] = s.offsets(s.pick(j), rng, scale)
	}
	return out
}

// offsets are the requests of journey n. Where users decide whether they click, they do so as often as nominalClickThrough
// says.
func (s *Source) offsets(n int, rng *rand.Rand, scale float64) []time.Duration {
	var out []time.Duration
	for _, step := range s.plan(n, rng, population.Drift{}, scale).steps {
		if rng.Float64() < step.nominal() {
			out = append(out, step.at)
		}
	}
	return out
}

// presence integrates the number of a journey's requests that fall into the time that counts, and its square, over the
// journey's start, in seconds.
func presence(offsets []time.Duration, warmup, length time.Duration) (once, twice float64) {
	type change struct {
		at time.Duration // start of the journey from which on a request counts, or no longer does
		by float64
	}
	var changes []change
	for _, offset := range offsets {
		if from, to := max(0, warmup-offset), warmup+length-offset; to > from {
			changes = append(changes, change{from, 1}, change{to, -1})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	k, last := 0.0, time.Duration(0)
	for _, c := range changes {
		stretch := (c.at - last).Seconds()
		once, twice = once+k*stretch, twice+k*k*stretch
		k, last = k+c.by, c.at
	}
	return once, twice
}
