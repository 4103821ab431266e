package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// host is a kind of machine and deployment, down to the request: its arms take turns in slices, and its speed wanders meanwhile.
// Standard deviations are of logarithms: 0.1 is about 10 %. What the sizes were fitted to stands in docs/measurements.md.
type host struct {
	name     string
	mood     float64 // standard deviation of the machine's speed; it wanders as an Ornstein–Uhlenbeck process
	moodTime float64 // its correlation time, in seconds
	drift    float64 // standard deviation of another such process with a correlation time of driftTime
	spread   float64 // standard deviation of a request's latency, without the slow ones
	slow     float64 // share of the requests that are slower than that by an exponential logarithm
	tail     float64 // mean of this logarithm
	launch   float64 // standard deviation of what one launch adds to an arm's latency by chance
	cpu      float64 // standard deviation of an arm's CPU per request from slot to slot
	rest     float64 // and from launch to launch: luck, and the reading of what it uses at rest
}

// Times of every machine, in seconds.
const (
	driftTime  = 30.0
	step       = 0.05 // the speed stays the same for so long
	switching  = 0.01 // one arm is parked and the next one goes on
	draining   = 0.16 // of one arm
	betweenAll = 15.0 // from one launch to the next
)

// mainRate is how many requests a second are of the step whose latency is the toll: 28 % of 240.
const mainRate = 0.28 * 240

// ofMood is how much of the logarithm of the machine's speed is in the CPU time of a request.
const ofMood = 0.3

// hosts are the simulated machines. The last one's deployments differ more than any that was measured.
func hosts() []host {
	quiet := host{name: "quiet", mood: 0.095, moodTime: 0.7, drift: 0.05, spread: 0.2, slow: 0.22, tail: 0.2, launch: 0.007, cpu: 0.055, rest: 0.012}
	loaded := host{name: "loaded", mood: 0.2, moodTime: 0.5, drift: 0.15, spread: 0.3, slow: 0.4, tail: 0.55, launch: 0.02, cpu: 0.07, rest: 0.02}
	differ := quiet
	differ.name, differ.launch, differ.rest = "quiet, launches differ by 4 %", 0.04, 0.04
	return []host{quiet, loaded, differ}
}

// measuredBy are the metrics of a machine's run, in the order of drawn.
func measuredBy() []string { return []string{"p50", "p95", "cpu"} }

// drawn is a run: logarithms by metric, arm, launch and round, or group of rounds at p95.
type drawn [][][][]float64

// plan is the size of a run on a machine.
type plan struct {
	launches, rounds, arms int
	slot                   float64 // seconds of load
	slice                  float64 // 0: slots in one piece, whose first fifth is not recorded
}

// tailRounds are the rounds whose requests are merged for p95: the fewest with five requests beyond it, as in internal/verdict.
func (p plan) tailRounds() int {
	const beyond = 5
	recorded := p.slot
	if p.slice == 0 {
		recorded *= 0.8
	}
	return int(math.Ceil(beyond / (0.05 * mainRate * recorded)))
}

// speed is the logarithm of how slow a machine is, as time goes on.
type speed struct {
	host
	rng         *rand.Rand
	mood, drift float64
}

// pass lets so many seconds go by.
func (s *speed) pass(seconds float64) {
	wander := func(x *float64, size, time float64) {
		keep := math.Exp(-seconds / time)
		*x = keep**x + size*math.Sqrt(1-keep*keep)*s.rng.NormFloat64()
	}
	wander(&s.mood, s.host.mood, s.moodTime)
	wander(&s.drift, s.host.drift, driftTime)
}

// latency draws the logarithm of a request's latency.
func (s *speed) latency() float64 {
	x := s.mood + s.drift + s.spread*s.rng.NormFloat64()
	if s.rng.Float64() < s.slow {
		x += s.tail * s.rng.ExpFloat64()
	}
	return x
}

// draw makes a run whose arms cost nothing.
func (m host) draw(rng *rand.Rand, p plan) drawn {
	out := make(drawn, len(measuredBy()))
	for metric := range out {
		out[metric] = make([][][]float64, p.arms)
		for a := range p.arms {
			out[metric][a] = make([][]float64, p.launches)
		}
	}
	now := &speed{host: m, rng: rng}
	for l := range p.launches {
		now.pass(betweenAll)
		luck, rest := normals(rng, p.arms, m.launch), normals(rng, p.arms, m.rest)
		requests := make([][][]float64, p.arms) // by round
		for range p.rounds {
			moods := m.round(now, p, requests)
			for a := range p.arms {
				slot := requests[a][len(requests[a])-1]
				for i := range slot {
					slot[i] += luck[a]
				}
				slices.Sort(slot)
				out[0][a][l] = append(out[0][a][l], rank(slot, 0.5))
				out[2][a][l] = append(out[2][a][l], rest[a]+ofMood*moods[a]+m.cpu*rng.NormFloat64())
			}
		}
		n := p.rounds / p.tailRounds()
		for a := range p.arms {
			for g := range n {
				merged := slices.Concat(requests[a][g*p.rounds/n : (g+1)*p.rounds/n]...)
				slices.Sort(merged)
				out[1][a][l] = append(out[1][a][l], rank(merged, 0.95))
			}
		}
	}
	return out
}

// round appends a slot of every arm to its requests. It returns the mean of the machine's mood in each.
func (m host) round(now *speed, p plan, requests [][][]float64) (moods []float64) {
	turns, length := 1, p.slot
	if p.slice > 0 {
		turns, length = int(math.Round(p.slot/p.slice)), p.slice
	}
	steps := int(math.Round(length / step))
	arrivals := make([]int, turns*steps) // the same for all arms
	for i := range arrivals {
		arrivals[i] = poisson(now.rng, mainRate*step)
	}
	moods = make([]float64, p.arms)
	for a := range p.arms {
		requests[a] = append(requests[a], nil)
	}
	for turn := range turns {
		for _, a := range now.rng.Perm(p.arms) {
			last := len(requests[a]) - 1
			for i := range steps {
				now.pass(step)
				moods[a] += (now.mood + now.drift) / float64(turns*steps)
				if p.slice == 0 && i < steps/5 {
					continue
				}
				for range arrivals[turn*steps+i] {
					requests[a][last] = append(requests[a][last], now.latency())
				}
			}
			if p.slice > 0 {
				now.pass(switching)
			} else {
				now.pass(draining)
			}
		}
	}
	if p.slice > 0 {
		now.pass(draining * float64(p.arms))
	}
	return moods
}

// normals draws n numbers with a standard deviation.
func normals(rng *rand.Rand, n int, sd float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = sd * rng.NormFloat64()
	}
	return out
}

// poisson draws a number of arrivals, of a small mean.
func poisson(rng *rand.Rand, mean float64) int {
	n := 0
	for left := rng.ExpFloat64(); left < mean; left += rng.ExpFloat64() {
		n++
	}
	return n
}

// rank is the quantile of rising values that a histogram gives; 0 of none.
func rank(rising []float64, q float64) float64 {
	if len(rising) == 0 {
		return 0
	}
	return rising[max(0, int(math.Ceil(q*float64(len(rising))))-1)]
}

// cost makes an arm cost something at every metric.
func (d drawn) cost(arm int, amount float64) {
	for _, values := range d {
		cost(values, arm, amount)
	}
}

// upTo are the first launches.
func (d drawn) upTo(launches int) drawn {
	out := make(drawn, len(d))
	for metric, arms := range d {
		for _, values := range arms {
			out[metric] = append(out[metric], values[:launches])
		}
	}
	return out
}
