package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

const probeInterval = 250 * time.Millisecond

// verbLimit is the most that a fault's renewal may take, and its end once a run is interrupted. It is meant for what never answers; an
// engine of a machine that stands still for a while has taken a quarter of a minute to start a container again. It is longer than the
// guard's own limit, so that the guard's error, which says more, comes first.
const verbLimit = time.Minute

// uncut is a context of its own for what must be carried through also if the run ends meanwhile, for verbLimit at most.
func uncut(ctx context.Context, what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.WithoutCancel(ctx), verbLimit, fmt.Errorf("%s took longer than %s", what, verbLimit))
}

// passes runs the faults one after the other.
func (c *catch) passes(ctx context.Context) error {
	c.Progress.Begin("settle", c.Catch.Settle, "windows fill, so that alerts have a past to compare with")
	passes := c.LaunchPasses(c.faults, c.nth)
	if err := c.record(result.FaultEvent{Time: time.Now(), Fault: passes[0].Fault.ID, Phase: result.PhaseSettle}); err != nil {
		return err
	}
	if err := c.wait(ctx, 0, c.Catch.Settle); err != nil {
		return err
	}
	c.Progress.End("")
	for i, p := range passes {
		if err := c.pass(ctx, p, fmt.Sprintf("pass %d of %d", i+1, len(passes))); err != nil {
			return fmt.Errorf("fault %s: %w", p.Fault.ID, err)
		}
	}
	return nil
}

// pass takes all arms through one fault: quiet, clean, inject, confirm, hold, revert, confirm, clear.
func (c *catch) pass(ctx context.Context, planned experiment.Pass, which string) (err error) {
	f := planned.Fault
	p := &pass{
		catch: c, fault: f, nth: planned.Nth, params: entry(f, "").Params, size: planned.Size, holds: cmp.Or(planned.Hold, c.Catch.Hold),
		sites: make([]faults.Site, len(c.arms)), injected: make([]faults.Injection, len(c.arms)),
	}
	if key, value := planned.Setting(); key != "" {
		p.params[key] = value
	}
	for i, arm := range c.arms {
		p.sites[i] = f.At(arm, c.crowd, c.Target(f.ID))
	}
	began := c.now()
	c.Progress.Begin("fault "+f.ID, c.Catch.Clean+p.holds+c.Catch.Clear, p.title()+"; "+which)
	if err := p.atRate(ctx, cmp.Or(planned.Rate, c.Catch.Rate)); err != nil {
		return err
	}
	if err := p.quiet(ctx); err != nil {
		return err
	}
	if err := p.event(result.PhaseClean, "", faults.Effect{}); err != nil {
		return err
	}
	if err := c.wait(ctx, 0, c.Catch.Clean); err != nil {
		return err
	}
	defer func() { // on every exit path, with a context of its own
		heal, cancel := uncut(ctx, "ending the fault")
		defer cancel()
		err = errors.Join(err, p.heal(heal))
	}()
	if err := p.event(result.PhaseInject, "", faults.Effect{}); err != nil {
		return err
	}
	if err := p.inject(ctx); err != nil {
		return err
	}
	if err := p.hold(ctx); err != nil {
		return err
	}
	if err := p.event(result.PhaseRevert, "", faults.Effect{}); err != nil {
		return err
	}
	if err := p.heal(ctx); err != nil {
		return err
	}
	if err := p.probe(ctx, result.PhaseReverted, result.PhaseStuck, func(e faults.Effect) bool { return e.Gone }); err != nil {
		return err
	}
	if err := p.clear(ctx); err != nil {
		return err
	}
	if by := stepBetween(began, c.now()); by.Abs() >= leastStep { // at the last moment
		return endAtStep(clockStep{by, c.now(), c.stages.stage()})
	}
	c.Progress.End(p.outcome())
	return p.event(result.PhaseDone, "", faults.Effect{})
}

// outcome says at how many levels the effect was seen, and where it did not go away.
func (p *pass) outcome() string {
	said := fmt.Sprintf("confirmed at %d of %d levels", p.confirmed, len(p.sites))
	if len(p.stuck) > 0 {
		said += fmt.Sprintf("; the effect was not gone %s after the fault was lifted: %s", p.Catch.ConfirmLimit, strings.Join(p.stuck, ", "))
	}
	return said
}

// pass is one fault being taken through its phases.
type pass struct {
	*catch
	fault     faults.Fault
	nth       int               // counts the passes of this fault
	params    map[string]string // of the fault
	size      float64           // of what is swept; 0: nothing is
	holds     time.Duration     // how long the fault is held once its effect is confirmed
	sites     []faults.Site
	injected  []faults.Injection // by site; zero where it was not injected, or is healed
	confirmed int                // at how many sites its effect was seen
	stuck     []string           // levels at which the effect was still there catch.confirm_limit after it was lifted
}

func (p *pass) event(phase, arm string, e faults.Effect) error {
	return p.record(result.FaultEvent{
		Time: time.Now(), Fault: p.fault.ID, Pass: p.nth, Phase: phase, Arm: arm, Since: e.Since, Detail: e.Detail, Values: e.Values,
		Params: p.params, Size: p.size,
	})
}

// title says what the pass does.
func (p *pass) title() string {
	if s := p.Experiment.Sweep.Vary; s != "" && p.size > 0 {
		name, _, _ := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		return p.fault.Title + ", " + name + " " + p.params[name]
	}
	return p.fault.Title
}

// atRate sets the rate of the load. Another rate than before has no past that alerts could compare with, so it settles first.
func (p *pass) atRate(ctx context.Context, rate float64) error {
	if !p.setRate(rate) {
		return nil
	}
	if err := p.event(result.PhaseSettle, "", faults.Effect{}); err != nil {
		return err
	}
	return p.wait(ctx, 0, p.Catch.Settle)
}

// setRate changes the rate of the load from the next order on, and says whether it is another one.
func (c *catch) setRate(rate float64) (changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed = c.rate != rate
	c.rate = rate
	return changed
}

// rateNow is the rate of the load, requests per second and arm.
func (c *catch) rateNow() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rate
}

// inject breaks all arms at once.
func (p *pass) inject(ctx context.Context) error {
	return p.all(ctx, func(ctx context.Context, i int) error {
		in, err := p.fault.Inject(ctx, p.sites[i])
		p.injected[i] = in // also after an error: a half-done injection is healed too
		return err
	})
}

// hold keeps the fault in force: until every arm's effect is confirmed, then for catch.hold.
func (p *pass) hold(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	held, stop := context.WithCancel(ctx)
	group.Go(func() error { return untilStopped(held, ctx, p.renew) })
	group.Go(func() error {
		defer stop()
		if err := p.probe(ctx, result.PhaseConfirmed, result.PhaseUnconfirmed, func(e faults.Effect) bool { return e.Present }); err != nil {
			return err
		}
		return p.wait(ctx, p.Catch.Clean, p.holds)
	})
	return group.Wait()
}

// renew keeps the leases alive, of every arm by itself, so that one whose engine is slow does not keep the others waiting.
func (p *pass) renew(ctx context.Context) error {
	return p.all(ctx, func(ctx context.Context, i int) error {
		if p.injected[i].Renew == nil {
			return nil
		}
		return p.renewAt(ctx, i)
	})
}

// renewAt keeps the lease of one arm alive. A renewal that comes too late for it is a warning of the run.
func (p *pass) renewAt(ctx context.Context, i int) (err error) {
	renewed, longest := time.Now(), time.Duration(0)
	defer func() {
		if text := lapsed(p.fault.ID, p.sites[i].Arm.Name(), longest); text != "" {
			err = errors.Join(err, p.dir.Update(func(m *result.Run) { m.Warnings = append(m.Warnings, text) }))
		}
	}()
	for {
		if err := sleep(ctx, faults.Lease/3); err != nil {
			return err
		}
		// A renewal that has begun is carried through: if it were cut off, it could take effect after the heal.
		whole, cancel := uncut(ctx, "renewing the fault")
		err := p.injected[i].Renew(whole)
		cancel()
		longest, renewed = max(longest, time.Since(renewed)), time.Now()
		if err != nil {
			return err
		}
	}
}

// lapsed warns of a fault that was renewed at an arm only after longer than its lease; "" where it was in time.
func lapsed(fault, arm string, after time.Duration) string {
	if after <= faults.Lease {
		return ""
	}
	return fmt.Sprintf("fault %s was renewed at %s only after %s, and it ends by itself after %s: it may have been gone for a while, and what alerts "+
		"did then says little (a machine or an engine that stood still)", fault, arm, after.Round(100*time.Millisecond), faults.Lease)
}

// probe looks at every arm until it sees the wanted effect there, and then writes the phase yes. It writes the phase no for
// an arm where the effect is not seen within catch.confirm_limit.
func (p *pass) probe(ctx context.Context, yes, no string, want func(faults.Effect) bool) error {
	deadline := time.Now().Add(p.Catch.ConfirmLimit)
	saw := make([]bool, len(p.sites))
	err := p.all(ctx, func(ctx context.Context, i int) error {
		for {
			effect, err := p.fault.Probe(ctx, p.sites[i])
			if err != nil {
				return err
			}
			if want(effect) {
				saw[i] = true
				return p.event(yes, p.sites[i].Arm.Name(), effect)
			}
			if time.Now().After(deadline) {
				return p.event(no, p.sites[i].Arm.Name(), effect)
			}
			if err := sleep(ctx, probeInterval); err != nil {
				return err
			}
		}
	})
	for i, ok := range saw {
		switch {
		case yes == result.PhaseConfirmed && ok:
			p.confirmed++
		case no == result.PhaseStuck && !ok:
			p.stuck = append(p.stuck, p.sites[i].Arm.Name())
		}
	}
	return err
}

// heal ends the fault at all arms; an error at one does not keep it from the others. Healing twice is no error.
func (p *pass) heal(ctx context.Context) error {
	var group sync.WaitGroup
	errs := make([]error, len(p.sites))
	for i, in := range p.injected {
		if in.Heal == nil {
			continue
		}
		group.Go(func() {
			if errs[i] = in.Heal(ctx); errs[i] == nil {
				p.injected[i] = faults.Injection{}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// all does something at all sites at once.
func (p *pass) all(ctx context.Context, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range p.sites {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// wait lets d pass and advances the stage meanwhile, which stands at from when the wait begins.
func (c *catch) wait(ctx context.Context, from, d time.Duration) error {
	return c.waitUntil(ctx, from, d, func(time.Duration) bool { return false })
}

// waitUntil is wait that ends early once done says so, which is asked with the time that has passed.
func (c *catch) waitUntil(ctx context.Context, from, d time.Duration, done func(time.Duration) bool) error {
	const tick = 500 * time.Millisecond
	for begin, end := time.Now(), time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 || done(time.Since(begin)) {
			return nil
		}
		if err := sleep(ctx, min(left, tick)); err != nil {
			return err
		}
		c.Progress.Advance(from + min(time.Since(begin), d))
	}
}
