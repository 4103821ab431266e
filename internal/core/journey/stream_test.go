package journey

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// perfect answers every step of a stream at once with what the user likes best, up to a virtual time, and returns a line
// for every request made.
func perfect(s *Stream, until time.Duration) []string {
	var lines []string
	pop, favourites := s.source.People(), map[string][]string{}
	for s.Peek() < until {
		st := s.Pop()
		cl, send, _ := st.Prepare(pop, s.Drift, time.Time{})
		if !send {
			st.Resolve(pop, nil)
			continue
		}
		user := ""
		if st.Journey.linked == known {
			user = st.Journey.User.ID
		}
		if favourites[user] == nil {
			favourites[user] = journeytest.Favourites(pop, user)
		}
		answer := recommendation{RequestID: "r", User: user, Items: favourites[user], Variant: "a"}
		if user == "" {
			answer.Reason = "unknown-user"
		}
		st.Resolve(pop, &Reply{answer: answer})
		lines = append(lines, fmt.Sprintf("%d %s %s %s %+v", st.at, st.Kind, st.Channel, st.Journey.Session, cl.body))
	}
	return lines
}

func TestStreamIsDeterministic(t *testing.T) {
	play := func(seed int64, salt uint64) []string {
		s := NewStream(testCrowd(seed), salt, "s", 1)
		s.SetRate(50, 0)
		lines := perfect(s, 5*time.Second)
		s.SetRate(200, 5*time.Second)
		return append(lines, perfect(s, 10*time.Second)...)
	}
	a := play(1, 0)
	if b := play(1, 0); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("two streams of one seed differ")
	}
	if b := play(2, 0); fmt.Sprint(a) == fmt.Sprint(b) {
		t.Error("streams of two seeds are the same")
	}
	if b := play(1, 1); fmt.Sprint(a) == fmt.Sprint(b) {
		t.Error("streams of two launches are the same")
	}
}

// The expected request rate is what was asked for, over a horizon long enough for chance to even out: with some 200,000
// requests in journeys of a dozen, its standard error is below 1 %. The rest of the tolerance is for nominalClickThrough.
func TestStreamRate(t *testing.T) {
	replay := &Source{planner: newRecording(population.New(1, 200, 50), mustParse(t, fixture), Replay{Speed: 10}, 1)}
	for _, tt := range []struct {
		name   string
		source *Source
		within float64
	}{{"population", testCrowd(1), 0.06}, {"recorded", replay, 0.03}} {
		s := NewStream(tt.source, 0, "s", 1)
		const rate, horizon = 200, 300 * time.Second
		s.SetRate(rate, 0)
		perfect(s, 20*time.Second) // until as many journeys are under way as there will be
		got := float64(len(perfect(s, horizon+20*time.Second))) / horizon.Seconds()
		if math.Abs(got/rate-1) > tt.within {
			t.Errorf("%s: %.1f requests per second, want %d ± %.0f %%", tt.name, got, rate, tt.within*100)
		}
	}
}

// Everybody who is known stays one person over all channels, logs in once, and 90 % of the slates are for known users.
func TestJourneyIdentity(t *testing.T) {
	c := testCrowd(3)
	s := NewStream(c, 0, "s", 1)
	s.SetRate(100, 0)
	logins, channels, moved := map[string]int{}, map[string]map[string]bool{}, 0
	slates, strangers := 0, 0
	for s.Peek() < 200*time.Second {
		st := s.Pop()
		j := st.Journey
		if channels[j.Session] == nil {
			channels[j.Session] = map[string]bool{}
		}
		if channels[j.Session][st.Channel] = true; len(channels[j.Session]) == 2 {
			moved++
		}
		cl, _, _ := st.Prepare(c.People(), s.Drift, time.Time{})
		switch body := cl.body.(type) {
		case loginBody:
			logins[j.Session]++
			if body.User != j.User.ID {
				t.Fatalf("login of %s as %s", j.User.ID, body.User)
			}
		case recommendBody:
			if body.User != "" {
				t.Fatalf("a recommend names the user %q: the session should do", body.User)
			}
			slates++
			if j.linked != known {
				strangers++
				if st.Channel != Web {
					t.Fatalf("a stranger on channel %s", st.Channel)
				}
			}
		}
		st.Resolve(c.People(), &Reply{})
	}
	for session, n := range logins {
		if n != 1 {
			t.Errorf("%s logs in %d times", session, n)
		}
	}
	if share := float64(strangers) / float64(slates); share == 0 || share > 0.1 {
		t.Errorf("%.1f %% of the slates are for strangers, want some, but at most 10 %%", share*100)
	}
	if moved == 0 {
		t.Error("no journey moved on to another channel")
	}
}

// A drift in the mix of users changes who arrives, not when.
func TestDriftKeepsArrivals(t *testing.T) {
	bands := make([]int64, len(population.AgeBands)) // of the last play
	play := func(d population.Drift) (*Stream, []string) {
		s := NewStream(testCrowd(1), 0, "s", 1)
		s.Drift = d
		s.CountIn(bands)
		s.SetRate(200, 0)
		return s, perfect(s, 20*time.Second)
	}
	plain, _ := play(population.Drift{})
	clear(bands)
	young, _ := play(population.Drift{Mix: 1})
	if plain.count != young.count || plain.next != young.next {
		t.Errorf("%d journeys until %s, with drift %d until %s", plain.count, plain.next, young.count, young.next)
	}
	for band, n := range bands {
		if (n > 0) != (band < 2) {
			t.Errorf("band %s: %d arrivals", population.AgeBands[band], n)
		}
	}
}

func TestBroken(t *testing.T) {
	for _, tt := range []struct {
		linked linkState
		user   string
		want   bool
	}{
		{anonymous, "", false},
		{anonymous, "u1", true}, // a stranger who is taken for somebody
		{known, "u1", false},
		{known, "u2", true},
		{known, "", true},
		{unsure, "", false}, // the login failed: either answer may be right
		{unsure, "u1", false},
	} {
		j := Journey{User: population.User{ID: "u1"}, linked: tt.linked}
		if got := j.broken(tt.user); got != tt.want {
			t.Errorf("link state %d, answer for %q: broken %t, want %t", tt.linked, tt.user, got, tt.want)
		}
	}
}

func TestStreamSpan(t *testing.T) {
	s := NewStream(testCrowd(1), 0, "s", 1)
	s.SetRate(300, 0)
	perfect(s, 3*time.Second)
	now := 3 * time.Second
	span := s.Span(now, 100)
	due := 0
	for ; s.Peek() < now+span; due++ {
		s.Pop()
	}
	if due != 100 {
		t.Errorf("%d steps within %s, want 100", due, span)
	}
}

func testCrowd(seed int64) *Source { return FromPopulation(People{Seed: seed, Users: 200, Items: 50}) }
