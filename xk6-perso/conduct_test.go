package perso

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// orchestrator is a fake of the side that gives the orders.
type orchestrator struct {
	*httptest.Server
	asked func(n int) // before order n is handed out

	mu      sync.Mutex
	orders  []slot.Order
	given   int
	reports []slot.Report
	ready   *slot.Ready
}

func newOrchestrator(t *testing.T, orders ...slot.Order) *orchestrator {
	o := &orchestrator{orders: orders}
	o.Server = httptest.NewServer(http.HandlerFunc(o.serve))
	t.Cleanup(o.Close)
	return o
}

func (o *orchestrator) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer secret" {
		http.Error(w, "token", http.StatusUnauthorized)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "GET /next":
		if o.asked != nil {
			o.asked(o.given)
		}
		if o.given == len(o.orders) {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_ = json.NewEncoder(w).Encode(o.orders[o.given])
		o.given++
	case "POST /report":
		var report slot.Report
		if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		o.reports = append(o.reports, report)
		w.WriteHeader(http.StatusNoContent)
	case "POST /ready":
		if o.ready != nil || o.given != 0 {
			http.Error(w, "ready twice, or after an order", http.StatusConflict)
			return
		}
		o.ready = new(slot.Ready)
		if err := json.NewDecoder(r.Body).Decode(o.ready); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

// conduct carries out the orders of an orchestrator and returns the histogram log.
func conduct(t *testing.T, o *orchestrator, token string) ([]result.Interval, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latency.hlog")
	s := newScript(t, t.TempDir(), map[string]string{
		slot.EnvConductor: o.URL, slot.EnvToken: token, slot.EnvRecord: path,
	})
	s.js(t, `const crowd = perso.population({users: 50, items: 20})`)
	s.start()
	_, err := s.VU.Runtime().RunString(`if (perso.conduct({source: crowd}) !== undefined) throw new Error('conduct returns something')`)
	intervals, readErr := result.ReadLatency(path)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return intervals, err
}

func TestConduct(t *testing.T) {
	g := journeytest.New(t, population.New(1, 50, 20))
	order := func(id int, phase, arm string) slot.Order {
		return testOrder(g, func(o *slot.Order) {
			o.ID, o.Phase, o.Launch, o.Round, o.Targets[0].Arm, o.Washout = id, phase, 1, id, arm, o.Duration/4
		})
	}
	o := newOrchestrator(t, order(0, slot.Warmup, "off"), order(1, slot.Toll, "off"), order(2, slot.Toll, "full"))
	intervals, err := conduct(t, o, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if len(o.reports) != 3 {
		t.Fatalf("%d reports of 3 orders", len(o.reports))
	}
	sent, arrived := int64(0), int64(0)
	for i, r := range o.reports {
		if r.Order != i || len(r.Arms) != 1 || r.Arms[0].Scheduled != r.Arms[0].Sent+r.Arms[0].Dropped {
			t.Errorf("report %d: %+v", i, r)
		}
		sent, arrived = sent+r.Arms[0].Sent, arrived+r.Arms[0].AgeBands[0]+r.Arms[0].AgeBands[3]
	}
	if int(sent) != len(g.Requests()) || arrived == 0 {
		t.Errorf("%d sent, the gateway saw %d; %d users", sent, len(g.Requests()), arrived)
	}
	phases := map[string]int64{}
	for _, i := range intervals {
		phases[i.Phase+"/"+i.Arm] += histogram(t, i).TotalCount()
	}
	if phases["toll/off"] == 0 || phases["toll/full"] == 0 || len(phases) != 2 {
		t.Errorf("recorded: %v", phases)
	}
}

// With Overlap the next order is asked for while answers are outstanding, and no report is lost.
func TestConductOverlap(t *testing.T) {
	g := journeytest.New(t, population.New(1, 50, 20))
	second := make(chan struct{})
	g.Delay = func(journeytest.Request) time.Duration { // no answer before the second order
		select {
		case <-second:
		case <-time.After(10 * time.Second):
		}
		return 0
	}
	overlap := func(id int) slot.Order {
		return testOrder(g, func(o *slot.Order) { o.ID, o.Overlap, o.Phase = id, true, slot.Catch })
	}
	o := newOrchestrator(t, overlap(0), overlap(1))
	o.asked = func(n int) {
		if n == 1 {
			close(second)
		}
	}
	intervals, err := conduct(t, o, "secret")
	if err != nil {
		t.Fatal(err)
	}
	sent, failed := int64(0), int64(0)
	for _, r := range o.reports {
		sent, failed = sent+r.Arms[0].Sent, failed+r.Arms[0].Failed
	}
	if len(o.reports) != 2 || int(sent) != len(g.Requests()) || failed != 0 || recordedCounts(t, intervals, result.Lag) != sent {
		t.Errorf("%d reports, %d sent, %d failed, %d seen, %d recorded", len(o.reports), sent, failed, len(g.Requests()), recordedCounts(t, intervals, result.Lag))
	}
}

func TestConductErrors(t *testing.T) {
	for _, tt := range []struct {
		orders []slot.Order
		token  string
		want   string
	}{
		{nil, "wrong", "401 Unauthorized: token"},
		{[]slot.Order{{ID: 7}}, "secret", "perso: conduct: order 7: targets, duration and rate must be there"},
	} {
		_, err := conduct(t, newOrchestrator(t, tt.orders...), tt.token)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want … %s …", err, tt.want)
		}
	}
}
