package slot

import "math"

// RateWithin is how far, as a share of the rate that was ordered, the rate that is made may be from it when chance is left out.
const RateWithin = 0.1

// MaxRateApart is how far from the order a made rate may be at most, whatever chance allows: a load of which more than that is
// luck is not the one that was ordered.
const MaxRateApart = 0.5

// rateChance is how many standard deviations chance may take: 99 of 100 good runs are within them.
const rateChance = 2.576

// Forecast is the load that a plan can be expected to make of a rate, known before anything starts.
type Forecast struct {
	// Share is the expected number of requests (turns, of a script) in the slots that count, over the number that was ordered. It
	// is below 1 where journeys are still under way when the load ends, so that their later steps never come.
	Share float64 `json:"share"`
	// Chance is the standard deviation of that number in one launch, over the number that was ordered: journeys arrive at random
	// times and differ in length. All arms of a launch have the same journeys, so that more arms do not make it smaller.
	Chance float64 `json:"chance"`
	// Remedy says why the plan does not make the rate and which values would; "" if it does.
	Remedy string `json:"remedy,omitempty"`
}

// Misses says that the plan does not make the rate, however lucky it is.
func (f Forecast) Misses() bool { return math.Abs(f.Share-1) > RateWithin }

// Luck is how far chance may take the rate of so many launches from what is expected, as a share of the order, in 99 of 100
// runs.
func (f Forecast) Luck(launches int) float64 {
	return rateChance * f.Chance / math.Sqrt(float64(max(1, launches)))
}

// Random says that so many launches are too short for the rate: chance alone may take it further from the order than
// MaxRateApart.
func (f Forecast) Random(launches int) bool { return RateWithin+f.Luck(launches) > MaxRateApart }

// Apart is how far from the order the made rate of so many launches may be, as a share of the order.
func (f Forecast) Apart(launches int) float64 { return min(RateWithin+f.Luck(launches), MaxRateApart) }
