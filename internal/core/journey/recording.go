package journey

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// Virtual delays around a recorded event. They are small against the gaps between events, which are kept.
const (
	replayLogin  = 10 * time.Millisecond // login → first event
	replayPage   = 5 * time.Millisecond  // click or view → recommend
	replayRender = 20 * time.Millisecond // recommend → impression
)

// recording replays recorded sessions: the events of a session in their order, with their gaps as a Replay has them. After
// every click the next page is asked for, as it was when the click was recorded. At its end the file starts over, under new
// session ids.
type recording struct {
	Replay
	pop    *population.Population
	all    store
	order  []int           // of the sessions in a stream; nil: their own
	starts []time.Duration // with recorded arrivals: by session, from the first, divided by speed; nil: drawn
	widest time.Duration   // gap as it was recorded
	mean   float64
}

// newRecording returns the recording of sessions; there must be at least one. With recorded arrivals sessions start when they
// did. Otherwise they arrive at random times, in a stream in an order drawn from seed: a launch plays only some of a long file,
// and the first ones may be unlike the others.
func newRecording(pop *population.Population, sessions store, how Replay, seed int64) *recording {
	r := &recording{Replay: how, pop: pop, all: sessions}
	if r.Recorded {
		r.all = byBegin(sessions)
		for i := range r.all.size() {
			r.starts = append(r.starts, r.shrink(r.all.begin(i).Sub(r.all.begin(0))))
		}
	} else {
		r.draw(seed)
	}
	requests := 0
	for n := range r.all.size() {
		one := r.all.at(n)
		requests += one.requests()
		for i := 1; i < len(one.events); i++ {
			r.widest = max(r.widest, one.events[i].at.Sub(one.events[i-1].at))
		}
	}
	r.mean = float64(requests) / float64(r.all.size())
	return r
}

// requests is how many requests a replay makes of a session.
func (s session) requests() (n int) {
	for _, e := range s.events {
		if e.kind != View {
			n++
		}
		if e.kind != Purchase {
			n += 2 // the page, and its impression
		}
	}
	if s.user != "" || !s.named {
		n++ // the login
	}
	return n
}

// draw draws the order of the sessions in a stream.
func (r *recording) draw(seed int64) {
	r.order = rand.New(rand.NewPCG(uint64(seed), 0x6f72646572)).Perm(r.all.size())
}

func (r *recording) shrink(d time.Duration) time.Duration { return upTo(float64(d) / r.Speed) }

// gap is the time between event i−1 of a session and event i, as it was recorded, but no longer than the limit.
func (r *recording) gap(s session, i int) time.Duration {
	gap := s.events[i].at.Sub(s.events[i-1].at)
	if r.GapLimit > 0 {
		gap = min(gap, r.GapLimit)
	}
	return gap
}

// longest is the longest gap between two events of a session.
func (r *recording) longest() time.Duration {
	if r.GapLimit > 0 {
		return min(r.widest, r.GapLimit)
	}
	return r.widest
}

func (r *recording) sessions() int { return r.all.size() }

func (r *recording) pick(n int) int {
	if r.order == nil {
		return n
	}
	return n - n%r.all.size() + r.order[n%r.all.size()]
}

func (r *recording) people() *population.Population { return r.pop }

func (r *recording) requests() float64 { return r.mean }

// start implements planner. A repetition of the file begins one mean gap after its last session.
func (r *recording) start(n int) (time.Duration, bool) {
	if r.starts == nil {
		return 0, false
	}
	loop, i := n/len(r.starts), n%len(r.starts)
	span := r.starts[len(r.starts)-1]
	period := span + max(span/time.Duration(len(r.starts)), time.Second)
	return min(upTo(float64(period)*float64(loop))+r.starts[i], never), true
}

// plan implements planner.
func (r *recording) plan(n int, rng *rand.Rand, drift population.Drift, scale float64) *plan {
	loop, s := n/r.all.size(), r.all.at(n%r.all.size())
	p := newPlan(r.user(s, rng, drift))
	p.name = s.id
	if loop > 0 {
		p.name = fmt.Sprintf("%s-%d", s.id, loop)
	}
	var since time.Duration // from the first event to this one
	var shift time.Duration // made by the login
	var before *Step        // the event before
	var page *view          // the page that an event came from
	for i, e := range s.events {
		if i > 0 {
			since += r.gap(s, i)
		}
		t := shift + upTo(float64(r.shrink(since))*scale)
		if p.login == nil && (e.user != "" || !s.named) {
			p.add(t, Login, e.channel, nil)
			shift = replayLogin
			t += shift
		}
		if e.kind != View {
			event := p.add(t, e.kind, e.channel, page)
			event.item = itemFor(r.pop, e.item).ID
			event.need, before = before, event // one after the other, whatever the stack does
		}
		if e.kind != Purchase {
			page = &view{placement: placement(i)}
			if i+1 < len(s.events) {
				page.dwell = r.gap(s, i+1)
			}
			p.page(t+replayPage, e.channel, page, replayRender)
		}
	}
	return p
}

// user is who a session belongs to: the recorded user where there is one, else a user that the session id is mapped to. A
// drift in the mix of users changes only users of the second kind.
func (r *recording) user(s session, rng *rand.Rand, drift population.Drift) population.User {
	id := s.id
	if s.user != "" {
		id = s.user
	} else if rng.Float64() < drift.Mix {
		return r.pop.Arrive(rng, population.Drift{Mix: 1})
	}
	var i int
	if _, err := fmt.Sscanf(id, "u%d", &i); err == nil && i >= 0 && i < r.pop.Users() && r.pop.User(i).ID == id {
		return r.pop.User(i)
	}
	return r.pop.UserFor(id)
}
