// Package injector injects faults into one arm for the scripts that ask for it, and heals them: when they are told to, when their time
// is over, and when it ends itself.
package injector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/injection"
	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// Injector is the control endpoint of an arm. Make one with New; Close heals what is in force.
type Injector struct {
	arm      faults.Target
	supports func(fault string, uses []string) error

	mu     sync.Mutex
	closed bool
	active map[string]*active
}

// active is a fault in force.
type active struct {
	fault faults.Fault
	asked string // the text of the fault, with its parameters
	until time.Time
	heal  func(context.Context) error
	over  chan struct{} // closed when it is to end
	ended chan struct{} // closed when keep has
}

// New returns the injector of an arm; supports is that of its environment.
func New(arm faults.Target, supports func(fault string, uses []string) error) *Injector {
	return &Injector{arm: arm, supports: supports, active: map[string]*active{}}
}

// Handler answers injection.Client, for those who know the token.
func (i *Injector) Handler(token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT "+injection.Path+"{id}", func(w http.ResponseWriter, r *http.Request) {
		var o injection.Order
		in := json.NewDecoder(r.Body)
		in.DisallowUnknownFields()
		if err := in.Decode(&o); err != nil {
			answer(w, nil, err)
			return
		}
		s, err := i.inject(context.WithoutCancel(r.Context()), r.PathValue("id"), o)
		answer(w, s, err)
	})
	mux.HandleFunc("GET "+injection.Path+"{id}", func(w http.ResponseWriter, r *http.Request) {
		s, err := i.state(r.Context(), r.PathValue("id"))
		answer(w, s, err)
	})
	mux.HandleFunc("DELETE "+injection.Path+"{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, struct{}{}, i.heal(context.WithoutCancel(r.Context()), r.PathValue("id")))
	})
	return api.Local(api.Guard(mux, token))
}

// answer writes what came of a request. What is wrong is mostly in the order.
func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the client is gone
}

// text is a fault with parameters as faults.Lookup takes it.
func text(id string, params map[string]any) (string, error) {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := fmt.Sprint(params[name])
		if number, ok := params[name].(float64); ok { // as all numbers of JSON are
			value = strconv.FormatFloat(number, 'f', -1, 64)
		}
		if strings.ContainsAny(value, ",=") {
			return "", fmt.Errorf("%s: a parameter has no comma and no equals sign, got %q", name, value)
		}
		pairs = append(pairs, name+"="+value)
	}
	if len(pairs) == 0 {
		return id, nil
	}
	return id + ": " + strings.Join(pairs, ", "), nil
}

// inject injects a fault, or holds the one that is in force for longer.
func (i *Injector) inject(ctx context.Context, id string, o injection.Order) (injection.State, error) {
	if o.For <= 0 || o.For > injection.Longest {
		return injection.State{}, fmt.Errorf("a fault is held for more than 0s and at most %s, got %s", injection.Longest, o.For)
	}
	asked, err := text(id, o.Params)
	if err != nil {
		return injection.State{}, err
	}
	fault, err := faults.Lookup(asked)
	if err != nil {
		return injection.State{}, err
	}
	if err := i.can(fault); err != nil {
		return injection.State{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return injection.State{}, errors.New("the stack is ending")
	}
	if a := i.active[fault.ID]; a != nil {
		if a.asked != asked {
			return injection.State{}, fmt.Errorf("%s is in force with other parameters, %q: heal it first", fault.ID, a.asked)
		}
		a.until = time.Now().Add(o.For)
		return a.state(), nil
	}
	in, err := fault.Inject(ctx, fault.At(i.arm, nobody{}, ""))
	if err != nil {
		if in.Heal != nil {
			err = errors.Join(err, in.Heal(ctx))
		}
		return injection.State{}, err
	}
	a := &active{fault: fault, asked: asked, until: time.Now().Add(o.For), heal: in.Heal, over: make(chan struct{}), ended: make(chan struct{})}
	i.active[fault.ID] = a
	go i.keep(context.WithoutCancel(ctx), a, in.Renew)
	return a.state(), nil
}

// can is an error if a fault cannot be injected here.
func (i *Injector) can(fault faults.Fault) error {
	if fault.Inject == nil {
		return fmt.Errorf("%s injects nothing", fault.ID)
	}
	if slices.Contains(fault.Levers, lever.Drift) {
		return fmt.Errorf("%s moves the users of the load, which are the script's own here: `tollgate run` can inject it", fault.ID)
	}
	return i.supports(fault.ID, fault.Uses(""))
}

// keep renews the lease of a fault until its time is over, or it is healed.
func (i *Injector) keep(ctx context.Context, a *active, renew func(context.Context) error) {
	defer close(a.ended)
	for {
		i.mu.Lock()
		left := time.Until(a.until)
		i.mu.Unlock()
		select {
		case <-a.over:
			return
		case <-time.After(min(max(left, 0), faults.Lease/3)):
		}
		if left > 0 && (renew == nil || renew(ctx) == nil) {
			continue
		}
		i.mu.Lock() // its time is over, or the target is gone
		defer i.mu.Unlock()
		if i.active[a.fault.ID] == a {
			delete(i.active, a.fault.ID)
			_ = a.end(ctx) // it heals by itself, too, when its lease ends
		}
		return
	}
}

// end heals a fault.
func (a *active) end(ctx context.Context) error {
	if a.heal == nil {
		return nil
	}
	return a.heal(ctx)
}

// heal ends a fault. It is no error if it is not in force.
func (i *Injector) heal(ctx context.Context, id string) error {
	if err := faults.Known(id); err != nil {
		return err
	}
	i.mu.Lock()
	a := i.active[id]
	delete(i.active, id)
	i.mu.Unlock()
	if a == nil {
		return nil
	}
	close(a.over)
	<-a.ended // else a renewal could come after the heal
	return a.end(ctx)
}

// state looks for the effect of a fault.
func (i *Injector) state(ctx context.Context, id string) (injection.State, error) {
	fault, err := faults.Lookup(id)
	if err != nil {
		return injection.State{}, err
	}
	s := injection.State{Fault: fault.ID, Title: fault.Title}
	i.mu.Lock()
	if a := i.active[id]; a != nil {
		fault, s = a.fault, a.state()
	}
	i.mu.Unlock()
	if fault.Probe == nil {
		return s, nil
	}
	effect, err := fault.Probe(ctx, fault.At(i.arm, nobody{}, ""))
	s.Present, s.Gone, s.Detail = effect.Present, effect.Gone, effect.Detail
	return s, err
}

func (a *active) state() injection.State {
	return injection.State{Fault: a.fault.ID, Title: a.fault.Title, Until: a.until}
}

// Close heals everything that is in force, and takes no more orders.
func (i *Injector) Close(ctx context.Context) (err error) {
	i.mu.Lock()
	i.closed = true
	ids := slices.Sorted(maps.Keys(i.active))
	i.mu.Unlock()
	for _, id := range ids {
		err = errors.Join(err, i.heal(ctx, id))
	}
	return err
}

// nobody is a crowd that is not ours to move, and not seen from here.
type nobody struct{}

// SetDrift implements faults.Crowd.
func (nobody) SetDrift(population.Drift) {}

// Arrived implements faults.Crowd.
func (nobody) Arrived(string) ([]int64, time.Time) { return nil, time.Time{} }

// Broken implements faults.Crowd.
func (nobody) Broken(string) (broken, shown int64) { return 0, 0 }
