package perso

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/population"
)

// seen is one request that a fake gateway got.
type seen struct {
	Path, Type, Session, User, Channel, Item string
	Items                                    []string
	DwellMS                                  int64 `json:"dwell_ms"`
}

// gateway is a fake of the stack's front door, as docs/stack.md describes it: it links sessions, recommends what the
// user likes best (default content to strangers), and takes events.
type gateway struct {
	*httptest.Server
	pop *population.Population

	delay  func(seen) time.Duration // before the answer
	status func(seen) int           // 0: answer
	spun   time.Duration
	forget bool // answer as if no session were linked

	mu    sync.Mutex
	links map[string]string
	log   []seen

	slates sync.Map // item ids, by user
}

func newGateway(t testing.TB, pop *population.Population) *gateway {
	g := &gateway{pop: pop, links: map[string]string{}}
	g.Server = httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) serve(w http.ResponseWriter, r *http.Request) {
	var s seen
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
	if g.delay != nil {
		time.Sleep(g.delay(s))
	}
	if g.status != nil {
		if status := g.status(s); status != 0 {
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
		if g.forget {
			user = ""
		}
		w.Header().Set("X-Perso-Spun-Ns", strconv.FormatInt(int64(g.spun), 10))
		_ = json.NewEncoder(w).Encode(g.slate(user, strconv.Itoa(n)))
	default:
		http.NotFound(w, r)
	}
}

func (g *gateway) slate(user, id string) recommendation {
	out := recommendation{RequestID: id, User: user, Variant: "a"}
	if user == "" {
		out.Reason = "unknown-user"
	}
	slate, ok := g.slates.Load(user)
	if !ok {
		slate, _ = g.slates.LoadOrStore(user, g.favourites(user))
	}
	out.Items = slate.([]string)
	return out
}

// favourites are the items that a user is most likely to click; of nobody, the most popular ones.
func (g *gateway) favourites(user string) (ids []string) {
	all := slices.Clone(g.pop.Items())
	var i int
	if _, err := fmt.Sscanf(user, "u%d", &i); err == nil {
		like := func(it population.Item) float64 {
			return g.pop.ClickProbability(g.pop.User(i), it, 0, population.Drift{})
		}
		slices.SortFunc(all, func(a, b population.Item) int { return cmp.Compare(like(b), like(a)) })
	}
	for _, it := range all[:min(slots, len(all))] {
		ids = append(ids, it.ID)
	}
	return ids
}

// requests returns a copy of what came in so far.
func (g *gateway) requests() []seen {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]seen(nil), g.log...)
}

func testCrowd(seed int64) *Source {
	return &Source{planner: newCrowd(population.New(seed, 200, 50)), seed: seed}
}
