package journey

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// Visit is a journey whose steps somebody else decides on, one after the other: each is made at once, and its answer waited for. It is
// for one goroutine.
type Visit struct {
	Channel string        // Web, App or Store: where the next step is made
	Late    time.Duration // how long before it is made the next step was due; 0 after it

	walk    *Walk
	journey *Journey
	random  *rand.Rand
	page    *view  // the last slate that was asked for; nil: none was
	clicked string // the last item that was clicked
}

// Taken is what became of a step of a visit.
type Taken struct {
	Made  bool // a request was made; false: the user did not want to
	Item  string
	Reply Reply
	Slate Slate // of a recommend that was answered
}

// Slate is the answer to a recommend.
type Slate struct {
	RequestID, User, Variant, Reason string
	Items                            []string
	Broken                           bool // it came under another identity than the visit's
}

// NewVisit begins a visit as user n of the source's stream, in a session. What the user likes follows from the source's seed and n.
func (s *Source) NewVisit(n int, session string, w *Walk) *Visit {
	random := rand.New(rand.NewPCG(uint64(s.seed)^0x7669736974, uint64(n)))
	return &Visit{
		Channel: Web, walk: w, random: random,
		journey: &Journey{Session: session, User: s.people().Arrive(random, population.Drift{}), left: 1 << 30},
	}
}

// Channels are the channels, in the order in which a journey may move on.
func Channels() []string { return []string{Web, App, Store} }

// MaxSlots is the most items that a slate may have.
const MaxSlots = 50

// User is the id of the visitor.
func (v *Visit) User() string { return v.journey.User.ID }

// Session is the id of the visit.
func (v *Visit) Session() string { return v.journey.Session }

// Recommend asks for a slate of so many items at a placement.
func (v *Visit) Recommend(ctx context.Context, slots int, placement string) Taken {
	v.page = &view{placement: placement, slots: slots, click: v.random.Float64()}
	t := v.take(ctx, &Step{Kind: Recommend, view: v.page})
	if answer := v.page.answer; answer != nil {
		t.Slate = Slate{
			RequestID: answer.RequestID, User: answer.User, Items: answer.Items, Variant: answer.Variant, Reason: answer.Reason,
			Broken: v.journey.broken(answer.User),
		}
	}
	return t
}

// errNoSlate says that there is nothing to see, or to click on.
var errNoSlate = errors.New("there is no slate: recommend() comes first, and must have been answered")

// Impression says that the last slate was shown.
func (v *Visit) Impression(ctx context.Context) (Taken, error) {
	if !v.answered() {
		return Taken{}, errNoSlate
	}
	return v.take(ctx, &Step{Kind: Impression, view: v.page}), nil
}

// Click clicks on an item; on "" the user chooses from the last slate by taste, or leaves it.
func (v *Visit) Click(ctx context.Context, item string) (Taken, error) {
	if !v.answered() && item == "" {
		return Taken{}, errNoSlate
	}
	t := v.take(ctx, &Step{Kind: Click, view: v.page, item: item})
	if t.Made {
		v.clicked = t.Item
	}
	return t, nil
}

// Purchase buys an item; "" is the one that was clicked last.
func (v *Visit) Purchase(ctx context.Context, item string) (Taken, error) {
	if item == "" {
		item = v.clicked
	}
	if item == "" {
		return Taken{}, errors.New("there is nothing to buy: click() on an item first, or name one")
	}
	return v.take(ctx, &Step{Kind: Purchase, view: v.page, item: item}), nil
}

// Identify logs the visitor in; a user id of the population makes it that user.
func (v *Visit) Identify(ctx context.Context, user string) (Taken, error) {
	if user != "" {
		var i int
		people := v.walk.People
		if _, err := fmt.Sscanf(user, "u%d", &i); err != nil || i < 0 || i >= people.Users() || people.User(i).ID != user {
			return Taken{}, fmt.Errorf("users are u0 to u%d in this population, got %q", people.Users()-1, user)
		}
		v.journey.User = people.User(i)
	}
	return v.take(ctx, &Step{Kind: Login}), nil
}

// Switch goes on in another channel.
func (v *Visit) Switch(channel string) error {
	if !slices.Contains(Channels(), channel) {
		return fmt.Errorf("a channel is one of %v, got %q", Channels(), channel)
	}
	v.Channel = channel
	return nil
}

func (v *Visit) answered() bool { return v.page != nil && v.page.answer != nil }

// take makes a step now.
func (v *Visit) take(ctx context.Context, s *Step) Taken {
	s.Journey, s.Channel = v.journey, v.Channel
	due := time.Now().Add(-v.Late)
	v.Late = 0
	r, made := v.walk.step(ctx, s, due)
	if !made {
		return Taken{}
	}
	return Taken{Made: true, Item: s.item, Reply: r}
}
