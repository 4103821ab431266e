package perso

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sort"
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
	all := append([]population.Item(nil), g.pop.Items()...)
	var i int
	if _, err := fmt.Sscanf(user, "u%d", &i); err == nil {
		u := g.pop.User(i)
		like := func(it population.Item) float64 { return g.pop.ClickProbability(u, it, 0, population.Drift{}) }
		sort.Slice(all, func(a, b int) bool { return like(all[a]) > like(all[b]) })
	} else {
		out.Reason = "unknown-user"
	}
	for _, it := range all[:min(slots, len(all))] {
		out.Items = append(out.Items, it.ID)
	}
	return out
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
