package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// plan is what compare does.
type plan struct {
	rates, journeyRates []float64 // requests per second
	turns               int       // of each peer at each rate
	warmup, measured    time.Duration
	vegeta              string // its program
}

func (b *bench) compareCommand() *cobra.Command {
	var p plan
	var rates, journeyRates []int
	c := &cobra.Command{
		Use:   "compare",
		Short: "CPU per request, dropped, lateness and memory of all peers, side by side",
		Long: `Every peer has several short turns at every rate, in an order that rotates from round to round, each against a target of its
own. CPU is that of the generator's process alone, from the end of the warm-up on, over the requests that the target answered
meanwhile.`,
		Args: noWords,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if p.rates, err = checkRates("--rates", rates); err != nil {
				return err
			}
			if p.journeyRates, err = checkRates("--journey-rates", journeyRates); err != nil {
				return err
			}
			switch {
			case p.turns < 1 || p.turns > 1000:
				return usage("--turns must be from 1 to 1000, got %d", p.turns)
			case p.warmup < 0 || p.warmup > time.Hour:
				return usage("--warmup must be from 0s to 1h, got %v", p.warmup)
			case p.measured < 100*time.Millisecond || p.measured > time.Hour:
				return usage("--measured must be from 100ms to 1h, got %v", p.measured)
			}
			if p.vegeta, err = checkVegeta(p.vegeta); err != nil {
				return err
			}
			return b.compare(c.Context(), p)
		},
	}
	c.Flags().IntSliceVar(&rates, "rates", []int{1000, 4000, 8000}, "requests per second")
	c.Flags().IntSliceVar(&journeyRates, "journey-rates", []int{1000}, "requests per second where journeys make them; empty: no journeys")
	c.Flags().IntVar(&p.turns, "turns", 3, "turns of each peer at each rate")
	c.Flags().DurationVar(&p.warmup, "warmup", time.Second, "start of a turn that is not measured")
	c.Flags().DurationVar(&p.measured, "measured", 2*time.Second, "length of the rest of a turn")
	c.Flags().StringVar(&p.vegeta, vegetaFlag, filepath.Join("bin", "bench-vegeta"), "the vegeta that is compared")
	return c
}

// checkRates are rates as numbers.
func checkRates(flag string, rates []int) ([]float64, error) {
	for i, rate := range rates {
		if rate < 1 || rate > 100_000 {
			return nil, usage("%s must be from 1 to 100000 requests per second, got %d", flag, rate)
		}
		if slices.Contains(rates[:i], rate) {
			return nil, usage("%s: %d is listed twice", flag, rate)
		}
	}
	return markdown.Collect(rates, func(rate int) float64 { return float64(rate) }), nil
}

// cell is a peer at a rate.
type cell struct {
	peer
	rate float64
}

// cells are the rows of the table in their order.
func (p plan) cells() (out []cell) {
	for _, rate := range p.rates {
		for _, of := range []peer{drive, stock, vegetaPeer} {
			out = append(out, cell{of, rate})
		}
	}
	for _, rate := range p.journeyRates {
		for _, of := range []peer{journeyPeer, stockWalk} {
			out = append(out, cell{of, rate})
		}
	}
	return out
}

// turn is what was seen of a peer in one turn.
type turn struct {
	told
	perRequest float64 // CPU, s
	made       float64 // requests per second that the target answered
	peak       float64 // bytes
}

// compare gives all peers their turns and prints the table.
func (b *bench) compare(ctx context.Context, p plan) error {
	cells := p.cells()
	turns := make([][]turn, len(cells))
	for round := range p.turns {
		for k := range cells {
			i := (k + round) % len(cells)
			t, err := takeTurn(ctx, cells[i], p)
			if err != nil {
				return fmt.Errorf("%s at %.0f requests a second: %w", cells[i].name, cells[i].rate, err)
			}
			turns[i] = append(turns[i], t)
			b.say("round %d of %d: %s at %.0f/s: %.0f/s made, %.0f µs a request", round+1, p.turns, cells[i].name, cells[i].rate, t.made, t.perRequest*1e6)
		}
	}
	return b.show(compareTable(p, cells, turns))
}

// takeTurn has a peer put load on a target of its own, and measures it.
func takeTurn(ctx context.Context, c cell, p plan) (turn, error) {
	dir, remove, err := scratch()
	if err != nil {
		return turn{}, err
	}
	defer remove()
	const slack = 2 * time.Second // in which the numbers are taken
	on, err := launch(ctx, c.peer, load{rate: c.rate, length: p.warmup + p.measured + slack, vus: vusFor(c.rate), think: 0.1}, p.vegeta, dir)
	if err != nil {
		return turn{}, err
	}
	defer on.Close()
	if err := on.started(ctx); err != nil {
		return turn{}, err
	}
	if err := on.wait(ctx, p.warmup); err != nil {
		return turn{}, err
	}
	from, err := on.look(ctx)
	if err != nil {
		return turn{}, err
	}
	if err := on.wait(ctx, p.measured); err != nil {
		return turn{}, err
	}
	to, err := on.look(ctx)
	if err != nil {
		return turn{}, err
	}
	_, peak, err := on.memory()
	if err != nil {
		return turn{}, err
	}
	if err := on.ended(ctx); err != nil {
		return turn{}, err
	}
	says, err := on.tells()
	if err != nil {
		return turn{}, err
	}
	n := float64(to.served - from.served)
	if n == 0 {
		return turn{}, fmt.Errorf("the target answered nothing in %v", p.measured)
	}
	return turn{told: says, perRequest: (to.cpu - from.cpu).Seconds() / n, made: n / to.at.Sub(from.at).Seconds(), peak: float64(peak)}, nil
}

// look is a peer at one moment.
type look struct {
	at     time.Time
	cpu    time.Duration
	served int64
}

func (l *launched) look(ctx context.Context) (look, error) {
	served, err := l.served(ctx)
	if err != nil {
		return look{}, err
	}
	cpu, err := child.CPU(l.process.PID)
	return look{time.Now(), cpu, served}, l.tooLate(err)
}

// compareTable is the table of all turns.
func compareTable(p plan, cells []cell, turns [][]turn) *markdown.Table {
	t := &markdown.Table{
		Title: "Load generators side by side",
		Header: []string{"requests/s", "peer", "made, of the order", "CPU a request, µs", "of stock k6's", "dropped", "failed",
			"late p50, ms", "late p99, ms", "peak memory, MB"},
		Notes: []string{
			fmt.Sprintf("Medians of %d turns of %v behind %v of warm-up, and their range. All processes share the machine's cores, so a rate that is not "+
				"made says that they are too few for generator and target together.", p.turns, p.measured, p.warmup),
			"CPU: user and system time of the generator's process by the kernel's clock for it, over the requests that the target answered meanwhile; k6 does all that it " +
				"does by default, summary included. Of stock k6's: round by round.",
			"Dropped: of the requests that were due, those that were not sent: no VU was free (k6), or no worker (drive()), or time was over (vegeta). " +
				fmt.Sprintf("k6 has as many VUs, and drive() workers, as a tenth of the rate and 50: %d at 1,000/s.", vusFor(1000)),
			"Late: from when a request was due to when it was sent. Stock k6 does not say: no metric of it has the time at which an iteration was due. For vegeta it is " +
				"computed from its own plan. For journey() it is how late a step was, against the journey's own times.",
			"drive() makes requests of many journeys at once, stock k6 and vegeta the same recommend again and again: less work in each. journey() and stock k6's journey " +
				"have the same pages, steps and think times, a tenth of a hurried shopper's.",
			"Memory: the largest resident anonymous memory by the end of the turn, 10⁶ bytes.",
		},
	}
	for i, c := range cells {
		of := func(value func(turn) float64) []float64 { return markdown.Collect(turns[i], value) }
		t.Add(fmt.Sprintf("%.0f", c.rate), c.name,
			markdown.Number("%.0f %%", 100*stats.Median(of(func(t turn) float64 { return t.made }))/c.rate),
			spread("%.0f", of(func(t turn) float64 { return t.perRequest * 1e6 })),
			spread("%.2f", ratios(cells, turns, i)),
			markdown.Number("%.2f %%", 100*stats.Median(of(func(t turn) float64 { return c.share(t, t.dropped) }))),
			markdown.Number("%.2f %%", 100*stats.Median(of(func(t turn) float64 { return t.failed / t.requests }))),
			spread("%.2f", of(func(t turn) float64 { return t.lag50 * 1e3 })),
			spread("%.2f", of(func(t turn) float64 { return t.lag99 * 1e3 })),
			spread("%.0f", of(func(t turn) float64 { return t.peak / 1e6 })))
	}
	return t
}

// share is what part of the load a number of dropped requests, or iterations of k6, is.
func (c cell) share(t turn, dropped float64) float64 {
	if c.journeys {
		dropped *= perJourney // iterations
	}
	return dropped / (t.requests + dropped)
}

// ratios are the CPU of a cell as a part of what stock k6 needs for the same, round by round; nothing for stock k6 itself.
func ratios(cells []cell, turns [][]turn, i int) (out []float64) {
	against := stock
	if cells[i].journeys {
		against = stockWalk
	}
	if cells[i].peer == against {
		return nil
	}
	k := slices.Index(cells, cell{against, cells[i].rate})
	for round, t := range turns[i] {
		if k >= 0 {
			out = append(out, t.perRequest/turns[k][round].perRequest)
		}
	}
	return slices.DeleteFunc(out, math.IsNaN)
}
