package slot

import "math"

// How far, as a share of the rate that was ordered, the rate that is made may be from it.
const (
	rateWithin   = 0.25 // in a run of ordinary size
	tinyWithin   = 0.5  // at most, in one that is so small that chance takes the rate further
	chanceWithin = 3    // standard deviations of chance, beyond which one good run in 370 is
	meanWithin   = 0.1  // the mean over all seeds
)

// Forecast is the load that a plan can be expected to make of a rate. Arrivals are drawn from the seed, so it is known before
// anything starts. Numbers are of requests, or of turns of a script, in the slots that count, over the number that was ordered.
type Forecast struct {
	// Share is the mean over all seeds. It is below 1 where journeys are still under way when the load ends, so that their later
	// steps never come.
	Share float64 `json:"share"`
	// Chance is the standard deviation over all seeds, over all planned launches: journeys arrive at random times and differ in
	// length. All arms of a launch have the same journeys, so that more arms do not make it smaller.
	Chance float64 `json:"chance"`
	// Drawn is the number for the seed of the run.
	Drawn float64 `json:"drawn"`
	// Remedy says why the plan is Short or Unlucky, and which values would make the rate; "" if it is neither.
	Remedy string `json:"remedy,omitempty"`
}

// Within is how far from the order the rate that is made may be.
func (f Forecast) Within() float64 { return min(max(rateWithin, chanceWithin*f.Chance), tinyWithin) }

// Short says that the plan does not make the rate, whatever the seed.
func (f Forecast) Short() bool { return math.Abs(f.Share-1) > meanWithin }

// Unlucky says that the seed draws arrivals that take the rate further from the order than they should in a run of ordinary size.
func (f Forecast) Unlucky() bool { return math.Abs(f.Drawn-1) > rateWithin }

// Misses says that the rate will not be made.
func (f Forecast) Misses() bool { return f.Short() || math.Abs(f.Drawn-1) > f.Within() }

// Surely says that the rate will be made, with room to spare.
func (f Forecast) Surely() bool {
	return math.Abs(f.Share-1) < 0.8*meanWithin && math.Abs(f.Drawn-1) < rateWithin/2
}
