// Package journeytest has a fake of the gateway that journeys send their requests to.
package journeytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Request is one request that a fake gateway got.
type Request struct {
	Path, Type, Session, User, Channel, Item string
	Items                                    []string
	DwellMS                                  int64 `json:"dwell_ms"`
}

// Gateway is a fake of the stack's front door, as docs/stack.md describes it. It links sessions to users, recommends to each
// user what that user likes best and default content to strangers, and takes events.
type Gateway struct {
	*httptest.Server
	pop *population.Population

	Delay  func(Request) time.Duration // before the answer
	Status func(Request) int           // 0: answer
	Spun   time.Duration
	Timing string // slot.TimingHeader of recommends; "": none
	Forget bool   // answer as if no session were linked

	mu    sync.Mutex
	links map[string]string
	log   []Request

	slates sync.Map // item ids, by user
}

// New starts a gateway, which ends with the test.
func New(t testing.TB, pop *population.Population) *Gateway {
	g := &Gateway{pop: pop, links: map[string]string{}}
	g.Server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(g.Close)
	return g
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	var s Request
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Path = r.URL.Path
	g.mu.Lock()
	g.log = append(g.log, s)
	n := len(g.log)
	if s.Path == "/v1/login" {
		g.links[s.Session] = s.User
	}
	user := g.links[s.Session]
	g.mu.Unlock()
	if g.Delay != nil {
		time.Sleep(g.Delay(s))
	}
	if g.Status != nil {
		if status := g.Status(s); status != 0 {
			http.Error(w, `{"error":"no"}`, status)
			return
		}
	}
	switch s.Path {
	case "/v1/login":
		_, _ = fmt.Fprintf(w, `{"user":%q}`, user)
	case "/v1/events":
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprint(w, `{}`)
	case "/v1/recommend":
		if g.Forget {
			user = ""
		}
		if g.Timing != "" {
			w.Header().Set(slot.TimingHeader, g.Timing)
		}
		w.Header().Set(slot.SpunHeader, strconv.FormatInt(int64(g.Spun), 10))
		_ = json.NewEncoder(w).Encode(g.slate(user, strconv.Itoa(n)))
	default:
		http.NotFound(w, r)
	}
}

// slots is how many items a slate has.
const slots = 5

// slate is the answer to a recommend.
type slate struct {
	RequestID string   `json:"request_id"`
	User      string   `json:"user"`
	Items     []string `json:"items"`
	Variant   string   `json:"variant"`
	Reason    string   `json:"reason"`
}

func (g *Gateway) slate(user, id string) slate {
	out := slate{RequestID: id, User: user, Variant: "a"}
	if user == "" {
		out.Reason = "unknown-user"
	}
	items, ok := g.slates.Load(user)
	if !ok {
		items, _ = g.slates.LoadOrStore(user, Favourites(g.pop, user))
	}
	out.Items = items.([]string)
	return out
}

// Favourites are the items that a user is most likely to click; of nobody, the most popular ones.
func Favourites(pop *population.Population, user string) (ids []string) {
	all := slices.Clone(pop.Items())
	var i int
	if _, err := fmt.Sscanf(user, "u%d", &i); err == nil {
		like := func(it population.Item) float64 {
			return pop.ClickProbability(pop.User(i), it, 0, population.Drift{})
		}
		slices.SortFunc(all, func(a, b population.Item) int { return cmp.Compare(like(b), like(a)) })
	}
	for _, it := range all[:min(slots, len(all))] {
		ids = append(ids, it.ID)
	}
	return ids
}

// Links returns a copy of the users, by session id.
func (g *Gateway) Links() map[string]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.links)
}

// Requests returns a copy of what came in so far.
func (g *Gateway) Requests() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]Request(nil), g.log...)
}
