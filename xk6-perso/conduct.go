package perso

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/grafana/sobek"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// reportWithin is the most that it may take to hand a report in.
const reportWithin = 5 * time.Second

// conductor carries out the orders of the orchestrator, which it reaches as package slot says.
type conductor struct {
	slot.Generator
	driver *driver
	own    *turns                // of a script of the user's own; nil: journeys of ours
	api    *api.Client           // of the orchestrator
	log    *result.LatencyWriter // nil until the first order

	late sync.WaitGroup // slots whose answers are outstanding
	mu   sync.Mutex
	err  error // first error of those
}

// conduct is perso.conduct(options). It returns when there is no order left, or k6 stops; all reports are handed in by then.
func (i *instance) conduct(options sobek.Value) {
	o := defaultDriver()
	var own *turns
	f := o.fields()
	f["turns"] = turnsOption(&own)
	var ready slot.Ready
	f["warnings"] = textsOption(&ready.Warnings)
	i.must(decode(i.vu.Runtime(), "conduct", options, f))
	i.must(need("conduct", "source", o.source == nil && own == nil))
	if o.source != nil && own != nil {
		i.must(errors.New("perso: conduct: options source and turns exclude each other"))
	}
	state := i.vu.State()
	if state == nil {
		i.must(errors.New("perso: conduct only works while a test runs: call it in the default function"))
	}
	g, err := slot.GeneratorFrom(i.lookup)
	if err != nil {
		i.must(fmt.Errorf("perso: conduct: %w", err))
	}
	for _, v := range []struct{ name, value string }{
		{slot.EnvConductor, g.Conductor}, {slot.EnvToken, g.Token}, {slot.EnvRecord, g.Record},
	} {
		if v.value == "" {
			i.must(fmt.Errorf("perso: conduct: %s is not set: `tollgate run` sets it; a script of your own can use drive() or journey()", v.name))
		}
	}
	g.Conductor = strings.TrimSuffix(g.Conductor, "/")
	c := &conductor{Generator: g, api: &api.Client{Token: g.Token, HTTP: new(http.Client)}}
	if own != nil {
		c.driver, c.own = own.driver, own
	} else {
		transport := func() *http.Transport { return newTransport(state, o.workers) }
		c.driver = newJourneys(o, "l", i.emitter(), transport).driver
	}
	ctx := i.vu.Context()
	i.must(errors.Join(c.conduct(ctx, ready), c.end()))
}

// conduct says that the script is loaded and carries out order after order.
func (c *conductor) conduct(ctx context.Context, ready slot.Ready) error {
	if err := c.api.Do(ctx, http.MethodPost, c.Conductor+"/ready", ready, nil); err != nil && ctx.Err() == nil {
		return fmt.Errorf("perso: conduct: ready: %w", err)
	}
	for {
		order, err := c.next(ctx)
		if err != nil || order == nil {
			return err
		}
		if err := c.run(ctx, *order); err != nil {
			return err
		}
	}
}

// next waits for the next order. It is nil when the run is over, or ctx ends.
func (c *conductor) next(ctx context.Context) (*slot.Order, error) {
	var order *slot.Order
	err := c.api.Get(ctx, c.Conductor+"/next", &order) // takes as long as the orchestrator needs to decide
	switch {
	case ctx.Err() != nil, err == nil && order == nil:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("perso: conduct: next: %w", err)
	}
	if len(order.Targets) == 0 || order.Phase != slot.TearDown && (order.Duration <= 0 || order.Rate <= 0) {
		return nil, fmt.Errorf("perso: conduct: order %d: targets, duration and rate must be there and positive", order.ID)
	}
	return order, nil
}

// run carries out one slot. If the order says Overlap, it returns before the report is handed in.
func (c *conductor) run(ctx context.Context, order slot.Order) error {
	if order.Phase == slot.TearDown {
		report := slot.Report{Order: order.ID}
		if c.own != nil {
			report.Warnings = c.own.end(ctx, order)
		}
		return c.report(ctx, report)
	}
	if c.log == nil {
		log, err := result.OpenLatency(c.Record)
		if err != nil {
			return fmt.Errorf("perso: conduct: %w", err)
		}
		c.log = log
	}
	run, err := c.driver.run(ctx, order)
	if err != nil {
		return err
	}
	if !order.Overlap {
		return errors.Join(c.close(ctx, run), c.failure())
	}
	c.late.Add(1)
	go func() {
		defer c.late.Done()
		if err := c.close(ctx, run); err != nil {
			c.mu.Lock()
			c.err = errors.Join(c.err, err)
			c.mu.Unlock()
		}
	}()
	return c.failure()
}

// close finishes a slot and hands its report in.
func (c *conductor) close(ctx context.Context, run *slotRun) error {
	report, err := c.driver.finish(run, c.log)
	if err != nil {
		return fmt.Errorf("perso: conduct: %w", err)
	}
	return c.report(ctx, report)
}

// report hands a report in, even if k6 is stopping.
func (c *conductor) report(ctx context.Context, report slot.Report) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportWithin)
	defer cancel()
	if err := c.api.Do(ctx, http.MethodPost, c.Conductor+"/report", report, nil); err != nil {
		return fmt.Errorf("perso: conduct: report: %w", err)
	}
	return nil
}

// failure is what went wrong in slots that ended late.
func (c *conductor) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// end waits for the outstanding reports and closes the log.
func (c *conductor) end() error {
	c.late.Wait()
	err := c.failure()
	if c.log != nil {
		err = errors.Join(err, c.log.Close())
		c.log = nil
	}
	return err
}
