package runner

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// maxReport is how long what the generator sends can be, in bytes.
const maxReport = 64 << 20

// conductor serves the slot protocol to the load generator.
type conductor struct {
	token    string
	listener net.Listener
	server   *http.Server
	served   chan struct{}

	wants chan chan<- slot.Order // the generator asks for an order, to be sent on the channel that it brings
	ready chan slot.Ready        // the generator has loaded its script; holds one
	over  chan struct{}          // closed when there are no more orders
	once  sync.Once

	mu      sync.Mutex
	nextID  int
	waiting map[int]chan<- slot.Report // by order
}

func newConductor() (*conductor, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("conductor: %w", err)
	}
	c := &conductor{
		token:    rand.Text(),
		listener: listener,
		served:   make(chan struct{}),
		wants:    make(chan chan<- slot.Order),
		ready:    make(chan slot.Ready, 1),
		over:     make(chan struct{}),
		waiting:  map[int]chan<- slot.Report{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /next", c.next)
	mux.HandleFunc("POST /report", c.report)
	mux.HandleFunc("POST /ready", c.loaded)
	c.server = api.Server(api.Local(api.Guard(mux, c.token)), maxReport)
	go func() {
		defer close(c.served)
		_ = c.server.Serve(listener) // ends with close
	}()
	return c, nil
}

func (c *conductor) url() string { return "http://" + c.listener.Addr().String() }

// send waits until the generator takes an order, and returns the channel on which its report will arrive. The order is
// made at the moment at which it is taken.
func (c *conductor) send(ctx context.Context, order func() slot.Order) (<-chan slot.Report, error) {
	report := make(chan slot.Report, 1)
	select {
	case taker := <-c.wants:
		o := order()
		c.mu.Lock()
		o.ID = c.nextID
		c.nextID++
		c.waiting[o.ID] = report
		c.mu.Unlock()
		taker <- o
		return report, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// do sends an order and waits for its report.
func (c *conductor) do(ctx context.Context, order slot.Order) (slot.Report, error) {
	reports, err := c.send(ctx, func() slot.Order { return order })
	if err != nil {
		return slot.Report{}, err
	}
	select {
	case report := <-reports:
		return report, nil
	case <-ctx.Done():
		return slot.Report{}, context.Cause(ctx)
	}
}

// finish tells the generator that there is nothing more to do.
func (c *conductor) finish() { c.once.Do(func() { close(c.over) }) }

func (c *conductor) close() {
	c.finish()
	_ = c.server.Close()
	<-c.served
}

func (c *conductor) next(w http.ResponseWriter, r *http.Request) {
	taken := make(chan slot.Order, 1)
	var taker chan<- slot.Order = taken
	select {
	case c.wants <- taker:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(<-taken) // a generator that is gone shows as a lost child
	case <-c.over:
		w.WriteHeader(http.StatusNoContent)
	case <-r.Context().Done():
	}
}

// loaded takes what the generator says once its script is loaded.
func (c *conductor) loaded(w http.ResponseWriter, r *http.Request) {
	var ready slot.Ready
	if err := json.NewDecoder(r.Body).Decode(&ready); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case c.ready <- ready:
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "the load generator was ready before", http.StatusConflict)
	}
}

func (c *conductor) report(w http.ResponseWriter, r *http.Request) {
	var report slot.Report
	if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	waiting, ok := c.waiting[report.Order]
	delete(c.waiting, report.Order)
	c.mu.Unlock()
	if !ok {
		http.Error(w, fmt.Sprintf("no order %d is waiting for a report", report.Order), http.StatusConflict)
		return
	}
	waiting <- report
	w.WriteHeader(http.StatusNoContent)
}
