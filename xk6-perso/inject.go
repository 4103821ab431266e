package perso

import (
	"fmt"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"github.com/tollgate-dev/tollgate/internal/core/injection"
)

// Fault is a fault that a script has injected.
type Fault struct {
	Name  string
	Title string // what happens, as a clause
	Until string // when it ends by itself, RFC 3339

	i      *instance
	client *injection.Client
}

// inject is perso.inject(fault, params, options): it breaks the stack that `tollgate up --faults` keeps.
func (i *instance) inject(name, params, options sobek.Value) sobek.Value {
	fault, client := i.faultOf("inject", name)
	order := injection.Order{For: injection.Usual}
	i.must(decode(i.vu.Runtime(), "inject", options, fields{"for": durationOption(&order.For, time.Millisecond, injection.Longest)}))
	if !common.IsNullish(params) {
		given, ok := params.Export().(map[string]any)
		if !ok {
			i.must(fmt.Errorf("perso: inject: parameters must be an object such as {bytes: 1024}, got %s", params))
		}
		for key, value := range given {
			switch value.(type) {
			case int64, float64, string:
			default:
				i.must(fmt.Errorf("perso: inject: %s: %s must be a number or a string, got %v", fault, key, value))
			}
		}
		order.Params = given
	}
	s, err := client.Inject(i.vu.Context(), fault, order)
	i.must(about("inject", err))
	return i.value(&Fault{Name: s.Fault, Title: s.Title, Until: s.Until.Format(time.RFC3339Nano), i: i, client: client})
}

// heal is perso.heal(fault): it ends a fault that this script or another has injected, say in teardown.
func (i *instance) heal(name sobek.Value) {
	fault, client := i.faultOf("heal", name)
	i.must(about("heal", client.Heal(i.vu.Context(), fault)))
}

// faultOf is the first argument of a call, and the client of the control endpoint.
func (i *instance) faultOf(call string, name sobek.Value) (string, *injection.Client) {
	fault := ""
	if name != nil {
		fault, _ = name.Export().(string)
	}
	if fault == "" {
		i.must(fmt.Errorf("perso: %s: the first argument must be the id of a fault, e.g. consumer-lag: `tollgate list faults` has them all", call))
	}
	if i.vu.State() == nil {
		i.must(fmt.Errorf("perso: %s only works while a test runs: call it in setup, teardown or the function of a scenario", call))
	}
	address, _ := i.lookup(injection.EnvControl)
	if address == "" {
		i.must(fmt.Errorf("perso: %s: set %s to the address that `tollgate up --faults` prints", call, injection.EnvControl))
	}
	client, err := injection.NewClient(address)
	i.must(about(call, err))
	return fault, client
}

func about(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("perso: %s: %w", call, err)
}

// Effect looks whether the effect of the fault is there.
func (f *Fault) Effect() (sobek.Value, error) {
	s, err := f.client.State(f.i.vu.Context(), f.Name)
	if err != nil {
		return nil, about("effect", err)
	}
	return f.i.value(map[string]any{"inForce": !s.Until.IsZero(), "present": s.Present, "gone": s.Gone, "detail": s.Detail}), nil
}

// Heal ends the fault; a second time it does nothing.
func (f *Fault) Heal() error { return about("heal", f.client.Heal(f.i.vu.Context(), f.Name)) }
