// Package journey is what users do: one user's path over web, app and store, step by step, and the requests to a
// personalization stack that the steps are.
//
// A Source plans journeys: it makes them up from a seeded population, or replays recorded sessions. A Stream puts the steps
// of many journeys in the order in which they are due, for a load generator that makes each when its time has come; a Walk
// plays a single journey. A Client makes the requests. Nothing here knows of k6.
package journey

import (
	"cmp"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
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

// Kinds are the kinds of step of journeys, in the order of a page.
func Kinds() []string { return []string{Login, Recommend, Impression, Click, Purchase} }

// slots is the number of items that a page shows.
const slots = 5

// purchaseShare is the probability that a synthetic click ends in a purchase.
const purchaseShare = 0.08

// Journey is one user's path, under one session.
type Journey struct {
	Session string // its id
	User    population.User
	Bought  bool // a purchase was answered
	Splits  bool // the client makes itself a new session id at the login, which nobody links to the user

	linked linkState
	left   int // steps not resolved yet
}

// session is the id under which the client makes its next request besides a login.
func (j *Journey) session() string {
	if j.Splits && j.linked == known {
		return j.Session + "-anew"
	}
	return j.Session
}

// linkState is what the stack must know about the user of a session.
type linkState int

const (
	anonymous linkState = iota // nothing: answers have no user
	known                      // the user: the login was answered
	unsure                     // nobody can say: a login failed
)

// Step is one request of a journey. Whether an impression, a click or a purchase is made is decided when its time has
// come, from what the stack answered. All random numbers of that decision were drawn when the journey was planned, so that
// one stack's answers change neither another journey nor a later step of the same one.
type Step struct {
	Kind    string // one of Kinds
	Channel string // Web, App or Store
	Journey *Journey

	at    time.Duration // planned start; virtual time of the stream
	order uint64        // order of planning, which breaks ties
	view  *view         // the page that the step belongs to; nil for a login, and a recorded click that no page preceded
	item  string        // of a click or purchase; recorded ones have it from the start, whatever is shown

	need     *Step // has to be resolved first; nil: nothing
	resolved bool  // answered, failed, dropped or never made
	parked   []*Step
}

// view is one page: a slate and what the user does with it.
type view struct {
	placement string
	slots     int           // items that the page shows; 0: slots
	dwell     time.Duration // how long the user looks before clicking
	click     float64       // random number in [0, 1) that decides the click
	buy       float64       // random number in [0, 1) that decides the purchase

	answer  *recommendation // nil until it is in
	shown   []population.Item
	clicked string // item
}

// Call is one request to make.
type Call struct {
	path                   string
	step, channel, session string // for the baggage
	body                   any
	again                  bool // after its answer the same request is made once more, and nobody waits for what comes of it
}

// Outcome is what a step meant for its journey.
type Outcome struct {
	Judged, Clicked bool   // the user has decided on a slate, and how
	Shown           bool   // a slate came in
	Reason          string // why it was default content; "" if it was not
	Broken          bool   // it came under another identity than the journey's
	Ended           bool   // it was the last step of its journey
}

// Park puts a step whose time has come aside if it needs another one that is not resolved yet: that one's Resolve returns it.
// It is false, and does nothing, if the step can be made.
func (s *Step) Park() bool {
	if s.need == nil || s.need.resolved {
		return false
	}
	s.need.parked = append(s.need.parked, s)
	return true
}

// Prepare decides, at a step's time, whether its request is made and which. What the step needs must be resolved.
func (s *Step) Prepare(pop *population.Population, drift population.Drift, now time.Time) (c Call, send bool, o Outcome) {
	j, v := s.Journey, s.view
	switch s.Kind {
	case Login:
		return Call{step: s.Kind, channel: s.Channel, session: j.Session, path: "/v1/login", body: loginBody{Session: j.Session, User: j.User.ID, Channel: s.Channel}}, true, o
	case Recommend:
		body := recommendBody{
			Session: j.session(), SignedIn: j.linked == known, Channel: s.Channel, Slots: cmp.Or(v.slots, slots), Placement: v.placement,
		}
		return Call{step: s.Kind, channel: s.Channel, session: j.session(), path: "/v1/recommend", body: body}, true, o
	case Impression:
		if v.answer == nil {
			return c, false, o
		}
		return s.event("", now, drift.Programs), true, o
	case Click:
		o.Judged = v != nil && v.answer != nil
		if o.Judged && s.item == "" {
			if pos := pop.Click(j.User, v.shown, drift, v.click); pos >= 0 {
				s.item = v.answer.Items[pos]
			}
		}
		if s.item == "" {
			return c, false, o
		}
		o.Clicked = o.Judged && slices.Contains(v.answer.Items, s.item)
		return s.event(s.item, now, drift.Programs), true, o
	default: // Purchase
		if s.item == "" && v.clicked != "" && v.buy < purchaseShare {
			s.item = v.clicked
		}
		if s.item == "" {
			return c, false, o
		}
		return s.event(s.item, now, drift.Programs), true, o
	}
}

// event is the call of an impression, click or purchase. It is attributed to the page it belongs to, if there was one.
func (s *Step) event(item string, now time.Time, programs population.Programs) Call {
	if s.Channel == programs.LateChannel {
		now = now.Add(-programs.Late)
	}
	body := eventBody{Type: s.Kind, Session: s.Journey.session(), Channel: s.Channel, Item: item, TimeMS: now.UnixMilli()}
	if v := s.view; v != nil && v.answer != nil {
		body.RequestID, body.Items, body.Variant, body.Reason = v.answer.RequestID, v.answer.Items, v.answer.Variant, v.answer.Reason
		body.DwellMS = v.dwell.Milliseconds()
	}
	again := s.Kind == Click && body.RequestID != "" && population.Place(body.RequestID+item) < programs.Resend // a random number would move all later ones
	return Call{step: s.Kind, channel: s.Channel, session: body.Session, path: "/v1/events", body: body, again: again}
}

// Resolve ends a step: with its reply, or with nil if it was not made. It returns the steps that waited for it.
func (s *Step) Resolve(pop *population.Population, r *Reply) (waiting []*Step, o Outcome) {
	j := s.Journey
	s.resolved = true
	answered := r != nil && r.Err == nil
	switch {
	case s.Kind == Login && answered:
		j.linked = known
	case s.Kind == Login && r != nil:
		j.linked = unsure
	case s.Kind == Recommend && answered:
		s.view.answer = &r.answer
		s.view.shown = items(pop, r.answer.Items)
		o.Shown, o.Reason, o.Broken = true, r.answer.Reason, j.broken(r.answer.User)
	}
	if s.Kind == Click && answered && s.view != nil {
		s.view.clicked = s.item
	}
	j.Bought = j.Bought || s.Kind == Purchase && answered
	j.left--
	o.Ended = j.left == 0
	waiting, s.parked = s.parked, nil
	return waiting, o
}

// broken says whether an answer for user came under another identity than the journey's.
func (j *Journey) broken(user string) bool {
	switch j.linked {
	case anonymous:
		return user != ""
	case known:
		return user != j.User.ID
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
