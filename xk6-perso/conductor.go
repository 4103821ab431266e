package perso

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/grafana/sobek"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
)

// reportWithin bounds how long handing in a report may take; it is handed in even if k6 is stopping.
const reportWithin = 5 * time.Second

// player carries out slots: the driver plays journeys, turns a script of the user's own.
type player interface {
	// run carries out one slot from start on and returns when it is over, or ctx ends; answers may be outstanding.
	run(ctx context.Context, order slot.Order, start time.Time) (*slotRun, error)
	// finish waits for the answers, writes the histograms to log and returns the report.
	finish(run *slotRun, log *result.LatencyWriter) (slot.Report, error)
}

// Conductor carries out the orders of the orchestrator, which it reaches as package slot says.
type Conductor struct {
	i      *instance
	player player
	base   string
	token  string
	record string
	http   *http.Client
	log    *result.LatencyWriter // nil until the first order

	late sync.WaitGroup // slots whose answers are outstanding
	mu   sync.Mutex
	err  error // first error of those
}

// conductor is perso.conductor(options).
func (i *instance) conductor(options sobek.Value) sobek.Value {
	o := defaultDriver()
	var own *turns
	f := o.fields()
	f["turns"] = turnsOption(&own)
	i.must(decode(i.vu.Runtime(), "conductor", options, f))
	i.must(need("conductor", "source", o.source == nil && own == nil))
	if o.source != nil && own != nil {
		i.must(errors.New("perso: conductor: options source and turns exclude each other"))
	}
	state := i.vu.State()
	if state == nil {
		i.must(errors.New("perso: conductor only works while a test runs: call it in the default function"))
	}
	c := &Conductor{i: i, http: new(http.Client)}
	for _, v := range []struct {
		dst  *string
		name string
	}{{&c.base, slot.EnvConductor}, {&c.token, slot.EnvToken}, {&c.record, slot.EnvRecord}} {
		value, ok := i.lookup(v.name)
		if !ok || value == "" {
			i.must(fmt.Errorf("perso: conductor: %s is not set: `tollgate run` sets it; a script of your own can use drive() or journey()", v.name))
		}
		*v.dst = value
	}
	c.base = strings.TrimSuffix(c.base, "/")
	if own != nil {
		c.player = own
		return i.value(c)
	}
	transport := func() *http.Transport { return newTransport(state, o.workers) }
	c.player = newDriver(o, "l", newEmitter(i.vu.Context(), i.metrics, state), transport)
	return i.value(c)
}

// Next waits for the next order. It returns null when the run is over or k6 stops; all reports are handed in by then.
func (c *Conductor) Next() (sobek.Value, error) {
	order, err := c.next(c.i.vu.Context())
	if err != nil || order == nil {
		return sobek.Null(), errors.Join(err, c.end())
	}
	return c.i.value(order), nil
}

// Run carries out an order.
func (c *Conductor) Run(order sobek.Value) error {
	o, ok := order.Export().(*slot.Order)
	if !ok {
		return fmt.Errorf("perso: conductor: run wants what next() returned, got %s", order)
	}
	if err := c.run(c.i.vu.Context(), *o); err != nil {
		return errors.Join(err, c.end())
	}
	return nil
}

// next is nil when there is nothing left to do.
func (c *Conductor) next(ctx context.Context) (*slot.Order, error) {
	body, status, err := c.ask(ctx, http.MethodGet, "/next", nil)
	switch {
	case ctx.Err() != nil, err == nil && status == http.StatusNoContent:
		return nil, nil
	case err != nil:
		return nil, err
	case status != http.StatusOK:
		return nil, fmt.Errorf("perso: conductor: next: status %d: %.200s", status, body)
	}
	order := new(slot.Order)
	if err := json.Unmarshal(body, order); err != nil {
		return nil, fmt.Errorf("perso: conductor: next: %w", err)
	}
	if len(order.Targets) == 0 || order.Duration <= 0 || order.Rate <= 0 {
		return nil, fmt.Errorf("perso: conductor: order %d: targets, duration and rate must be there and positive", order.ID)
	}
	return order, nil
}

// run carries out one slot. With Overlap it returns before the report is in.
func (c *Conductor) run(ctx context.Context, order slot.Order) error {
	if c.log == nil {
		log, err := result.OpenLatency(c.record)
		if err != nil {
			return fmt.Errorf("perso: conductor: %w", err)
		}
		c.log = log
	}
	run, err := c.player.run(ctx, order, time.Now())
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
func (c *Conductor) close(ctx context.Context, run *slotRun) error {
	report, err := c.player.finish(run, c.log)
	if err != nil {
		return fmt.Errorf("perso: conductor: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportWithin)
	defer cancel()
	body, status, err := c.ask(ctx, http.MethodPost, "/report", report)
	if err == nil && status != http.StatusNoContent {
		err = fmt.Errorf("perso: conductor: report: status %d: %.200s", status, body)
	}
	return err
}

// failure is what went wrong in slots that ended late.
func (c *Conductor) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// end waits for the reports that are outstanding and closes the log.
func (c *Conductor) end() error {
	c.late.Wait()
	err := c.failure()
	if c.log != nil {
		err = errors.Join(err, c.log.Close())
		c.log = nil
	}
	return err
}

// ask makes a request to the orchestrator.
func (c *Conductor) ask(ctx context.Context, method, path string, in any) (body []byte, status int, err error) {
	var text []byte
	if in != nil {
		if text, err = json.Marshal(in); err != nil {
			return nil, 0, fmt.Errorf("perso: conductor: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, 0, fmt.Errorf("perso: conductor: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("perso: conductor: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	if body, err = io.ReadAll(resp.Body); err != nil {
		return nil, 0, fmt.Errorf("perso: conductor: %w", err)
	}
	return body, resp.StatusCode, nil
}
