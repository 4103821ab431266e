package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// watchInterval is how often the alerts of every arm are read. The times of their changes do not depend on it: they are
// those of the evaluations.
const watchInterval = time.Second

// catch runs every fault at all levels, in as many launches as the levels need.
func (r *run) catch(ctx context.Context) error {
	if len(r.faults) == 0 {
		return nil
	}
	if err := r.fit(); err != nil {
		return err
	}
	present := map[alerts.Selector]bool{}
	var events []result.FaultEvent
	var err error
	launches := r.CatchLaunches()
	for nth, levels := range launches {
		c := &catch{
			run: r, nth: nth, last: nth == len(launches)-1, launch: r.launched, rate: r.Catch.Rate, present: present,
			crowd: &crowd{arrived: map[string][]int64{}}, active: newActive(r.lapsed.Alerts),
		}
		err = c.carryOut(ctx, levels)
		events = append(events, c.events...)
		if err != nil {
			break
		}
	}
	return errors.Join(err, r.keepSeries(), r.evidence(events), r.judgeLong(ctx))
}

// carryOut runs every fault at some levels at once.
func (c *catch) carryOut(ctx context.Context, levels []string) error {
	r := c.run
	spec := testenv.Spec{
		Launch: c.launch, Links: true, RulesFile: absolute(r.rulesFile()),
		SeriesDir: absolute(r.dir.Path(c.seriesDir())), TelemetryDir: absolute(r.dir.Path(result.TelemetryDir)),
	}
	for _, arm := range r.CatchArms() {
		if slices.Contains(levels, arm.Level) {
			spec.Arms = append(spec.Arms, arm)
		}
	}
	why := "one arm per level, all under load together"
	if len(levels) < len(r.Levels) {
		why = "one arm per level, under load together: " + strings.Join(levels, ", ")
	}
	begun := r.now()
	return r.deploy(ctx, spec, false, why, func(ctx context.Context, arms []testenv.Arm) error {
		c.arms, c.watchers = arms, r.watchers(arms)
		group, ctx := errgroup.WithContext(ctx)
		loadCtx, stopLoad := context.WithCancel(ctx)
		defer stopLoad()
		group.Go(func() error { return untilStopped(loadCtx, ctx, c.load) })
		group.Go(func() error { return untilStopped(loadCtx, ctx, c.watch) })
		group.Go(func() error {
			return untilStopped(loadCtx, ctx, func(ctx context.Context) error { return c.steady(ctx, begun, endAtStep) })
		})
		group.Go(func() error {
			defer stopLoad()
			if err := c.passes(ctx); err != nil {
				return err
			}
			if err := c.evidenceInMetrics(ctx); err != nil {
				return err
			}
			return c.lacking(ctx)
		})
		return errors.Join(group.Wait(), c.closeAlerts())
	})
}

// closeAlerts ends what is pending or firing at levels that are deployed again: their next launch begins without it.
func (c *catch) closeAlerts() error {
	var errs []error
	for _, w := range c.watchers {
		again := func(levels []string) bool { return slices.Contains(levels, w.Arm) }
		if !slices.ContainsFunc(c.CatchLaunches()[c.nth+1:], again) {
			continue
		}
		for _, e := range w.Close(time.Now()) {
			errs = append(errs, c.dir.Alert(e))
		}
	}
	return errors.Join(errs...)
}

// seriesDir is where the series of this launch are kept. Levels that are deployed again begin a directory of their own: their rules
// must not see the series of the launch before.
func (c *catch) seriesDir() string {
	if before := c.EarlierLaunches(c.nth); before > 0 {
		return fmt.Sprintf("%s-%d", result.SeriesDir, before+1)
	}
	return result.SeriesDir
}

// untilStopped runs a loop that goes on until its context ends, which is an error only if the outer one ended.
func untilStopped(ctx, outer context.Context, loop func(context.Context) error) error {
	err := loop(ctx)
	if ctx.Err() != nil && outer.Err() == nil {
		return nil
	}
	return err
}

// catch is one launch of the catch phase of a run.
type catch struct {
	*run
	nth    int // counts the launches of the catch
	last   bool
	launch int // its number among all
	arms   []testenv.Arm
	crowd  *crowd

	watchers []*alerts.Watcher // by arm

	mu     sync.Mutex
	events []result.FaultEvent // of all passes, as they were written
	active active              // as of the last poll
	rate   float64             // of the load, requests per second and arm

	present map[alerts.Selector]bool // what some level had of what the rules read, in this launch or one before
	once    sync.Once                // the alerts that stand are known
}

// record writes an event of a fault, and keeps it for the search of the evidence.
func (c *catch) record(e result.FaultEvent) error {
	e.Launch = c.nth
	c.mu.Lock()
	c.events = append(c.events, e)
	c.mu.Unlock()
	return c.dir.Fault(e)
}

// sent is an order of the catch phase that the generator works on.
type sent struct {
	round  int
	drift  population.Drift
	report <-chan slot.Report
}

// load keeps all arms under load with one order after the other, and hands on the reports in the order of the orders.
func (c *catch) load(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	orders := make(chan sent, 64) // far more than the seconds that a straggler can take
	group.Go(func() error {
		defer close(orders)
		for round := 0; ; round++ {
			var drift population.Drift
			report, err := c.conductor.send(ctx, func() slot.Order {
				drift = c.crowd.now()
				return slot.Order{
					Phase: slot.Catch, Launch: c.launch, Round: round, Targets: targets(c.arms),
					Duration: slot.CatchLength, Rate: c.rateNow(), Overlap: true, Drift: drift,
				}
			})
			if err != nil {
				return err
			}
			orders <- sent{round, drift, report}
		}
	})
	group.Go(func() error {
		// The reports of all orders are waited for, also when the load is to end: every answer comes within the client's time-out.
		whole, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		defer cancel(nil)
		stop := context.AfterFunc(ctx, func() {
			time.AfterFunc(experiment.ClientTimeout+2*slot.CatchLength, func() { cancel(context.Cause(ctx)) })
		})
		defer stop()
		return c.reports(whole, orders)
	})
	return group.Wait()
}

// reports takes the report of every order as it comes in.
func (c *catch) reports(ctx context.Context, orders <-chan sent) error {
	meters := map[string]*meter{}
	for _, arm := range c.arms {
		m, err := newMeter(ctx, arm)
		if err != nil {
			return err
		}
		meters[arm.Name()] = m
	}
	for order := range orders {
		select {
		case report := <-order.report:
			c.crowd.observe(order.drift, report)
			for _, work := range report.Arms {
				if err := c.reported(ctx, order.round, report, work, meters[work.Arm]); err != nil {
					return err
				}
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// reported writes what one order brought to one arm; its cost is what the arm used since the report before.
func (c *catch) reported(ctx context.Context, round int, report slot.Report, work slot.ArmReport, m *meter) error {
	if m == nil {
		return fmt.Errorf("runner: the load generator reported arm %q, which is not deployed", work.Arm)
	}
	m.arm.Loadgen(testenv.Observed{
		Steps: work.Steps, Failed: work.Failed, Dropped: work.Dropped, Response: work.Response, ResponseSum: work.ResponseSum,
	})
	s := result.Slot{
		Phase: slot.Catch, Order: report.Order, Launch: c.launch, Round: round, Arm: work.Arm,
		Start: report.Start, End: report.End, Work: work, GeneratorCPU: report.GeneratorCPU,
	}
	if err := m.since(ctx, &s); err != nil {
		return err
	}
	delete(s.CPU, role.Backing) // all arms at once use it
	return c.dir.Slot(s)
}

// watchers follow the alerts of arms from now on.
func (r *run) watchers(arms []testenv.Arm) []*alerts.Watcher {
	out := make([]*alerts.Watcher, len(arms))
	for i, arm := range arms {
		out[i] = &alerts.Watcher{
			Arm: arm.Name(), URL: arm.Prometheus(), Match: r.External.Prometheus[arm.Name()].Match,
			Rules: r.lapsed.Alerts, Eval: r.Alerts.EvalInterval, Since: time.Now(),
		}
	}
	return out
}

// watch reads the alerts of all arms and writes every change of state.
func (c *catch) watch(ctx context.Context) error {
	for {
		if err := sleep(ctx, watchInterval); err != nil { // the end: the last changes are read once more
			return errors.Join(err, c.poll(context.WithoutCancel(ctx)))
		}
		if err := c.poll(ctx); err != nil {
			return err
		}
	}
}

// poll writes what has changed since the last time.
func (c *catch) poll(ctx context.Context) error {
	for _, w := range c.watchers {
		events, err := w.Poll(ctx)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.active.follow(events)
		c.mu.Unlock()
		for _, e := range events {
			if err := c.dir.Alert(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// lacking finds out what the rules read and no level had, and writes which alerts could not fire without it. What our own stack
// can have is known to be there, whether or not a level or an event brought it in this run.
func (c *catch) lacking(ctx context.Context) error {
	selectors := c.lapsed.Selectors()
	for _, w := range c.watchers {
		has, err := w.Present(ctx, selectors)
		if err != nil { // no reason to lose the run: what was known before it stands
			return c.dir.Update(func(m *result.Run) {
				m.Warnings = append(m.Warnings, fmt.Sprintf("whether the metrics of the rules were there is not known: %v", err))
			})
		}
		for s, yes := range has {
			c.present[s] = c.present[s] || yes
		}
	}
	if !c.last {
		return nil
	}
	ours, _ := role.Metrics(c.Environment)
	c.lapsed.Lacking(func(s alerts.Selector) bool {
		known := slices.Contains(ours, s.Metric) && (s.Text == s.Metric || !alerts.FromOutside(s.Metric))
		return !c.present[s] && !known
	})
	return c.dir.Update(func(m *result.Run) { m.Alerts = c.lapsed.Alerts })
}
