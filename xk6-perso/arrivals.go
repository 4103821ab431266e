package perso

import (
	"math"
	"math/rand/v2"
	"time"
)

// arrivals are the times at which an arm's turns are due, in virtual time that starts at 0 and advances only while the
// arm takes load: a Poisson process. Two of one seed, salt and sequence of rates are alike. Not safe for concurrent use.
type arrivals struct {
	random *rand.Rand
	rate   float64 // per second; 0: not started
	next   time.Duration
}

// newArrivals returns arrivals without load: setRate starts them. salt tells those of one seed apart.
func newArrivals(seed int64, salt uint64) *arrivals {
	return &arrivals{
		random: rand.New(rand.NewPCG(uint64(seed)*0x9e3779b97f4a7c15+salt, 0x7475726e)),
		next:   math.MaxInt64,
	}
}

// setRate changes the expected rate from virtual time now on. The time to the next arrival is exponential whenever one
// looks, so that what is left of it is stretched.
func (a *arrivals) setRate(rate float64, now time.Duration) {
	switch {
	case a.rate == 0:
		a.rate = rate
		a.next = now + a.gap()
	case rate != a.rate && a.next > now:
		a.next = now + time.Duration(float64(a.next-now)*a.rate/rate)
	}
	a.rate = rate
}

// pop takes the next arrival out and returns when it is due.
func (a *arrivals) pop() time.Duration {
	due := a.next
	a.next += a.gap()
	return due
}

func (a *arrivals) gap() time.Duration {
	return time.Duration(a.random.ExpFloat64() / a.rate * float64(time.Second))
}
