package perso

import (
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/population"
)

// Kinds of step, as they appear in tags, tables and histograms.
const (
	Login      = "login"
	Recommend  = "recommend"
	Impression = "impression"
	Click      = "click"
	Purchase   = "purchase"
)

// Channels, in the order in which a journey may move on.
const (
	Web   = "web"
	App   = "app"
	Store = "store"
)

// slots is the number of items that a page shows.
const slots = 5

// purchaseShare is the probability that a synthetic click ends in a purchase.
const purchaseShare = 0.08

// journey is one user's path, under one session.
type journey struct {
	session string
	user    population.User
	linked  linkState
	left    int // steps not resolved yet
	bought  bool
}

// linkState is what the stack must know about the user of a session.
type linkState int

const (
	anonymous linkState = iota // nothing: answers have no user
	known                      // the user: the login was answered
	unsure                     // a login failed: nobody can say
)

// step is one request of a journey. Whether an impression, a click or a purchase is made is decided when its time has
// come, from what the stack answered; all random numbers of that decision were drawn when the journey was planned, so
// that one stack's answers do not change another journey, nor a later step of the same one.
type step struct {
	at      time.Duration // planned start; virtual time of the stream
	order   uint64        // order of planning, which breaks ties
	kind    string
	channel string
	journey *journey
	view    *view  // the page that the step belongs to; nil for a login, and a recorded click that no page preceded
	item    string // of a click or purchase; recorded ones have it from the start, whatever is shown

	need     *step // has to be resolved first; nil: nothing
	resolved bool  // answered, failed, dropped or never made
	parked   []*step
}

// view is one page: a slate and what the user does with it.
type view struct {
	placement string
	dwell     time.Duration // how long the user looks before clicking
	click     float64       // random number in [0, 1) that decides the click
	buy       float64       // random number in [0, 1) that decides the purchase

	answer  *recommendation // nil until it is in
	shown   []population.Item
	clicked string // item
}

// call is one request to make.
type call struct {
	path string
	body any
}

// outcome is what a step meant for its journey.
type outcome struct {
	judged, clicked bool   // the user has decided on a slate, and how
	shown           bool   // a slate came in
	reason          string // why it was default content; "" if it was not
	broken          bool   // it came under another identity than the journey's
	ended           bool   // it was the last step of its journey
}

// prepare decides, at a step's time, whether its request is made and which. The step's need must be resolved.
func (s *step) prepare(pop *population.Population, drift population.Drift, now time.Time) (c call, send bool, o outcome) {
	j, v := s.journey, s.view
	switch s.kind {
	case Login:
		return call{"/v1/login", loginBody{Session: j.session, User: j.user.ID, Channel: s.channel}}, true, o
	case Recommend:
		body := recommendBody{Session: j.session, Channel: s.channel, Slots: slots, Placement: v.placement}
		return call{"/v1/recommend", body}, true, o
	case Impression:
		if v.answer == nil {
			return c, false, o
		}
		return s.event("", now), true, o
	case Click:
		o.judged = v != nil && v.answer != nil
		if o.judged && s.item == "" {
			if pos := pop.Click(j.user, v.shown, drift, v.click); pos >= 0 {
				s.item = v.answer.Items[pos]
			}
		}
		if s.item == "" {
			return c, false, o
		}
		o.clicked = o.judged && slices.Contains(v.answer.Items, s.item)
		return s.event(s.item, now), true, o
	default: // Purchase
		if s.item == "" && v.clicked != "" && v.buy < purchaseShare {
			s.item = v.clicked
		}
		if s.item == "" {
			return c, false, o
		}
		return s.event(s.item, now), true, o
	}
}

// event is the call of an impression, click or purchase. It is attributed to the page it belongs to, if there was one.
func (s *step) event(item string, now time.Time) call {
	body := eventBody{Type: s.kind, Session: s.journey.session, Channel: s.channel, Item: item, TimeMS: now.UnixMilli()}
	if v := s.view; v != nil && v.answer != nil {
		body.RequestID, body.Items, body.Variant, body.Reason = v.answer.RequestID, v.answer.Items, v.answer.Variant, v.answer.Reason
		body.DwellMS = v.dwell.Milliseconds()
	}
	return call{"/v1/events", body}
}

// resolve ends a step: with its reply, or with nil if it was not made. It returns the steps that waited for it.
func (s *step) resolve(pop *population.Population, r *reply) (waiting []*step, o outcome) {
	j := s.journey
	s.resolved = true
	answered := r != nil && r.err == nil
	switch {
	case s.kind == Login && answered:
		j.linked = known
	case s.kind == Login && r != nil:
		j.linked = unsure
	case s.kind == Recommend && answered:
		s.view.answer = &r.answer
		s.view.shown = items(pop, r.answer.Items)
		o.shown, o.reason, o.broken = true, r.answer.Reason, j.broken(r.answer.User)
	}
	if s.kind == Click && answered && s.view != nil {
		s.view.clicked = s.item
	}
	j.bought = j.bought || s.kind == Purchase && answered
	j.left--
	o.ended = j.left == 0
	waiting, s.parked = s.parked, nil
	return waiting, o
}

// broken says whether an answer for user is under another identity than the journey's.
func (j *journey) broken(user string) bool {
	switch j.linked {
	case anonymous:
		return user != ""
	case known:
		return user != j.user.ID
	default:
		return false
	}
}

// items returns the catalogue's items with the ids; ids that it does not have are mapped onto it.
func items(pop *population.Population, ids []string) []population.Item {
	out := make([]population.Item, len(ids))
	for i, id := range ids {
		out[i] = itemFor(pop, id)
	}
	return out
}

// itemFor is the item of the catalogue with that id, or else the one that an outside id is mapped to.
func itemFor(pop *population.Population, id string) population.Item {
	if it, ok := pop.Item(id); ok && it.ID == id {
		return it
	}
	return pop.ItemFor(id)
}
