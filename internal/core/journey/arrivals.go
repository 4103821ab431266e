package journey

import (
	"math"
	"math/rand/v2"
	"time"
)

// Arrivals are the times at which an arm's turns are due (calls of a script of the user's own, which plans its journeys
// itself): a Poisson process in virtual time, which starts at 0 and advances only while the arm takes load. Two of one seed,
// salt and sequence of rates are alike. They are not safe for concurrent use.
type Arrivals struct {
	random *rand.Rand
	rate   float64 // per second; 0: not started
	next   time.Duration
}

// NewArrivals returns arrivals without load: SetRate starts them. salt tells those of one seed apart.
func NewArrivals(seed int64, salt uint64) *Arrivals {
	return &Arrivals{
		random: rand.New(rand.NewPCG(uint64(seed)*0x9e3779b97f4a7c15+salt, 0x7475726e)),
		next:   math.MaxInt64,
	}
}

// SetRate changes the expected rate, arrivals per second, from virtual time now on. The time to the next arrival is
// exponential at whatever moment one looks, so what is left of it is stretched.
func (a *Arrivals) SetRate(rate float64, now time.Duration) {
	switch {
	case a.rate == 0:
		a.rate = rate
		a.next = now + a.gap()
	case rate != a.rate && a.next > now:
		a.next = now + upTo(float64(a.next-now)*a.rate/rate)
	}
	a.rate = rate
}

// Peek returns when the next arrival is due.
func (a *Arrivals) Peek() time.Duration { return a.next }

// Pop takes the next arrival out and returns when it is due.
func (a *Arrivals) Pop() time.Duration {
	due := a.next
	a.next += a.gap()
	return due
}

func (a *Arrivals) gap() time.Duration {
	return upTo(a.random.ExpFloat64() / a.rate * float64(time.Second))
}
