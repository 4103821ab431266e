package journey

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// Stream is the timed steps of one arm, in virtual time that starts at 0 and advances only while the arm takes load.
// Journeys arrive as a Poisson process (or as recorded) with the intensity that makes the expected request rate what was
// asked for. Two streams of one source, salt and sequence of rates plan the same journeys at the same times. A stream is not
// safe for concurrent use.
type Stream struct {
	// Drift of the users who arrive from now on, and of the tastes of those who are there.
	Drift population.Drift
	// Share of the plan that the stream plays, at the times at which the whole plan would have it; set before the first rate.
	Share Share

	source   *Source
	prefix   string  // of session ids
	scale    float64 // of think times
	seed     uint64
	arrivals *rand.Rand
	rate     float64 // requests per second
	next     time.Duration
	first    int // journeys of the source that the stream passes over
	count    int // journeys of the plan that have arrived
	order    uint64
	steps    stepHeap
	bands    []int64 // where users who arrive are counted, by population.AgeBands
}

// NewStream returns a stream without load: SetRate starts it. salt tells streams of one source apart, prefix begins their
// session ids, and think times are multiplied by scale.
func NewStream(source *Source, salt uint64, prefix string, scale float64) *Stream {
	seed := uint64(source.seed)*0x9e3779b97f4a7c15 + salt
	first := 0
	if _, recorded := source.start(0); !recorded && source.sessions() > 0 && !source.Over(source.sessions()) { // each launch plays other sessions of the file
		first = rand.New(rand.NewPCG(seed, 0x6669727374)).IntN(source.sessions())
	}
	return &Stream{
		first: first, source: source, prefix: prefix, scale: scale, seed: seed,
		arrivals: rand.New(rand.NewPCG(seed, 0x61727269)),
		next:     math.MaxInt64,
		bands:    make([]int64, len(population.AgeBands)),
	}
}

// Started says whether the stream has a rate yet.
func (s *Stream) Started() bool { return s.rate > 0 }

// SetRate changes the expected rate, requests per second, from virtual time now on.
func (s *Stream) SetRate(rate float64, now time.Duration) {
	switch {
	case rate == s.rate:
	case s.rate == 0:
		s.rate = rate
		s.next = now + s.gap()
		s.pass()
	default: // the time to the next arrival is exponential at whatever moment one looks: stretch what is left of it
		if _, recorded := s.source.start(s.count); !recorded && s.next > now {
			s.next = now + upTo(float64(s.next-now)*s.rate/rate)
		}
		s.rate = rate
	}
}

// gap is the time between the start of the journey before and that of journey s.count.
func (s *Stream) gap() time.Duration {
	if s.source.Over(s.count) {
		return never
	}
	if at, ok := s.source.start(s.count); ok {
		if s.count == 0 {
			return 0
		}
		before, _ := s.source.start(s.count - 1)
		return at - before
	}
	perSecond := s.rate / s.source.requests()
	return upTo(s.arrivals.ExpFloat64() / perSecond * float64(time.Second))
}

// Peek returns the virtual time of the next step.
func (s *Stream) Peek() time.Duration {
	if len(s.steps) > 0 {
		return min(s.next, s.steps[0].at)
	}
	return s.next
}

// Span is how long it takes from virtual time now until the next n steps have come due, at least a microsecond. It plans the
// journeys that start in that time.
func (s *Stream) Span(now time.Duration, n int) time.Duration {
	steps := make([]*Step, 0, n)
	for range n {
		if s.Peek() >= never { // the file is over
			break
		}
		steps = append(steps, s.Pop())
	}
	until := s.Peek()
	for _, st := range steps {
		s.push(st)
	}
	return max(until-now, time.Microsecond)
}

// Pop takes the next step out. There is none once Peek is later than any load lasts, at the end of a file that is played once.
func (s *Stream) Pop() *Step {
	for len(s.steps) == 0 || s.next <= s.steps[0].at {
		s.arrive()
	}
	return heap.Pop(&s.steps).(*Step)
}

// Postpone puts a step that could not be made yet back, to come due at a virtual time.
func (s *Stream) Postpone(st *Step, until time.Duration) {
	st.at = until
	s.push(st)
}

func (s *Stream) push(st *Step) { heap.Push(&s.steps, st) }

// arrive plans the next journey.
func (s *Stream) arrive() {
	rng := rand.New(rand.NewPCG(s.seed, uint64(s.count)))
	p := s.source.plan(s.source.pick(s.first+s.count), rng, s.Drift, s.scale)
	p.journey.Splits = rng.Float64() < s.Drift.Split
	for _, st := range p.begin(s.next, s.session(p)) {
		st.order = s.order
		s.order++
		heap.Push(&s.steps, st)
	}
	if band := population.AgeBand(p.journey.User.Age); band >= 0 {
		s.bands[band]++
	}
	s.count++
	s.next += s.gap()
	s.pass()
}

// pass lets the arrivals go by that belong to other shares.
func (s *Stream) pass() {
	for !s.Share.Has(s.count) && s.next < never {
		s.count++
		s.next += s.gap()
	}
}

func (s *Stream) session(p *plan) string {
	if p.name == "" {
		return fmt.Sprintf("%s-%d", s.prefix, s.count)
	}
	return fmt.Sprintf("%s-%s", s.prefix, p.name)
}

// CountIn says where the users who arrive from now on are counted: by population.AgeBands, each band with an element.
func (s *Stream) CountIn(bands []int64) { s.bands = bands }

// stepHeap orders steps by planned start, then by order of planning.
type stepHeap []*Step

func (h stepHeap) Len() int { return len(h) }

func (h stepHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].order < h[j].order
}

func (h stepHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *stepHeap) Push(x any) { *h = append(*h, x.(*Step)) }

// Pop implements heap.Interface.
func (h *stepHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
