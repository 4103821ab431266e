package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// leastClear is how long a pass goes on after the revert at least: an effect needs that long to reach an evaluation that is seen.
const leastClear = 2*watchInterval + time.Second

// active are the alerts that are pending or firing, by arm, rule and labels. Those that fire whether or not there is a fault are
// left out: dead man's switches, and what has fired since before the first clean window.
type active struct {
	rules    result.Rules
	states   map[instance]string
	standing map[instance]bool // as long as they do not cease
}

// instance is one label set of one rule at one arm.
type instance struct{ arm, alert, labels string }

func newActive(rules []result.Alert) active {
	return active{rules: rules, states: map[instance]string{}, standing: map[instance]bool{}}
}

// follow takes changes of state.
func (a *active) follow(events []result.AlertEvent) {
	for _, e := range events {
		id := e.Alert
		if of := a.rules.Of(e.Alert, e.Labels); len(of) > 0 {
			if a.rules[of[0]].Constant == result.AlwaysTrue {
				continue
			}
			id = a.rules.ID(of[0])
		}
		of := instance{e.Arm, id, fmt.Sprint(e.Labels)} // fmt sorts the keys of maps
		if e.To == result.Inactive {
			delete(a.states, of)
			delete(a.standing, of)
			continue
		}
		a.states[of] = e.To
	}
}

// stand takes what fires now for what fires all the time.
func (a *active) stand() {
	for of, state := range a.states {
		if state == result.Firing {
			a.standing[of] = true
		}
	}
}

// slow says that an alert clears slowly.
func (a *active) slow(id string) bool {
	for i := range a.rules {
		if a.rules[i].Clears == result.Slowly && a.rules.ID(i) == id {
			return true
		}
	}
	return false
}

// firing are the IDs of the alerts that fire, by arm; slow ones only if asked for.
func (a *active) firing(slow bool) map[string][]string {
	out := map[string][]string{}
	for of, state := range a.states {
		if state == result.Firing && !a.standing[of] && !slices.Contains(out[of.arm], of.alert) && (slow || !a.slow(of.alert)) {
			out[of.arm] = append(out[of.arm], of.alert)
		}
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out
}

// none says that nothing is pending or firing.
func (a *active) none() bool {
	for of := range a.states {
		if !a.standing[of] {
			return false
		}
	}
	return true
}

// look is what a question to the alerts that are active has for an answer.
func look[T any](c *catch, at func(*active) T) T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return at(&c.active)
}

// quiet waits until no alert fires any more from before the pass, for catch.quiet_limit at most, and writes which still do. Those
// that clear slowly are not waited for. What fires after the wait of the first pass fires all the time.
func (p *pass) quiet(ctx context.Context) error {
	firing := func(slow bool) map[string][]string {
		return look(p.catch, func(a *active) map[string][]string { return a.firing(slow) })
	}
	if len(firing(false)) > 0 {
		if err := p.event(result.PhaseQuiet, "", faults.Effect{}); err != nil {
			return err
		}
		err := p.waitUntil(ctx, 0, p.Catch.QuietLimit, func(time.Duration) bool { return len(firing(false)) == 0 })
		if err != nil {
			return err
		}
	}
	still := firing(true)
	for _, site := range p.sites {
		ids := still[site.Arm.Name()]
		if len(ids) == 0 {
			continue
		}
		if err := p.event(result.PhaseStillFiring, site.Arm.Name(), faults.Effect{Detail: strings.Join(ids, ", ")}); err != nil {
			return err
		}
	}
	p.once.Do(func() { look(p.catch, func(a *active) struct{} { a.stand(); return struct{}{} }) })
	return nil
}

// clear waits until no alert is pending or firing any more, for catch.clear at most. Without a fault it waits that long in any
// case: the pass is there for its length.
func (p *pass) clear(ctx context.Context) error {
	return p.waitUntil(ctx, p.Catch.Clean+p.holds, p.Catch.Clear, func(waited time.Duration) bool {
		return p.fault.ID != faults.None && waited >= max(leastClear, 2*p.Alerts.EvalInterval) && look(p.catch, (*active).none)
	})
}
