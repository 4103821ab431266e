package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/core/hlog"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// stallPlan is what the stall comparison does.
type stallPlan struct {
	rate        float64       // requests per second
	length      time.Duration // of the load
	after, stop time.Duration // when the target stalls after the first request, and for how long
	together    bool          // all peers at the same time
	vegeta      string        // its program
}

// staller is a peer of the stall comparison.
type staller struct {
	peer
	how  string
	vus  int  // of k6
	plan bool // requests are due at even distances, so that the plan is known; else when they came to the target
}

// stallers are the rows of the stall comparison. Enough VUs are one for each request that is due during the stall, and some more.
func (p stallPlan) stallers() []staller {
	enough := int(p.rate*p.stop.Seconds()*1.2) + 20
	few := max(enough/26, 1)
	return []staller{
		{peer: drive, how: "", vus: enough},
		{peer: visit, how: "constant-arrival-rate, enough VUs", vus: enough, plan: true},
		{peer: visit, how: "constant-arrival-rate, few VUs", vus: few, plan: true},
		{peer: stock, how: "constant-arrival-rate, enough VUs", vus: enough, plan: true},
		{peer: stock, how: "constant-arrival-rate, few VUs", vus: few, plan: true},
		{peer: stockClosed, how: "", vus: 1, plan: true},
		{peer: vegetaPeer, how: "constant rate", plan: true},
	}
}

func (b *bench) stallCommand() *cobra.Command {
	p := stallPlan{rate: 200, length: 10 * time.Second, after: 4 * time.Second, stop: time.Second}
	c := &cobra.Command{
		Use:   "stall",
		Short: "What each peer tells of a target that stalls once, against what the target's own log says",
		Long: `Every peer puts the same load on a target of its own, which stalls once. What the peer tells is compared with what users would have
waited who come as the load was planned, computed from the target's log.`,
		Args: noWords,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			switch {
			case !(p.rate >= 10 && p.rate <= 5000):
				return usage("--rate must be from 10 to 5000 requests per second, got %v", p.rate)
			case p.length < 2*time.Second || p.length > 10*time.Minute || p.length%time.Second != 0:
				return usage("--for must be from 2s to 10m, in whole seconds, got %v", p.length)
			case p.stop < 100*time.Millisecond || p.after < 500*time.Millisecond || p.after+p.stop+500*time.Millisecond > p.length:
				return usage("--after (at least 500ms) and --stall (at least 100ms) must end half a second before --for, which is %v, got %v and %v", p.length, p.after, p.stop)
			}
			if p.vegeta, err = checkVegeta(p.vegeta); err != nil {
				return err
			}
			seen, err := b.stall(c.Context(), p)
			if err != nil {
				return err
			}
			return b.show(stallTable(p, seen))
		},
	}
	c.Flags().Float64Var(&p.rate, "rate", p.rate, "requests per second")
	c.Flags().DurationVar(&p.length, "for", p.length, "how long the load lasts")
	c.Flags().DurationVar(&p.after, "after", p.after, "from the first request to the stall")
	c.Flags().DurationVar(&p.stop, "stall", p.stop, "how long the target stalls")
	c.Flags().BoolVar(&p.together, "together", false, "all peers at the same time: faster, and they get into each other's way")
	c.Flags().StringVar(&p.vegeta, vegetaFlag, filepath.Join("bin", "bench-vegeta"), "the vegeta that is compared")
	return c
}

// tail is the end of a distribution of response times, s.
type tail struct{ p99, p999, longest float64 }

// stalled is what was seen of a peer.
type stalled struct {
	staller
	told      told // by its own summary
	recorded  tail // by --out perso; NaN: nothing
	lag       tail // likewise
	reference tail // what users would have waited
	dropped   int64
	stop      time.Duration // how long the target really stalled
}

// stall measures all peers.
func (b *bench) stall(ctx context.Context, p stallPlan) ([]stalled, error) {
	all := p.stallers()
	out := make([]stalled, len(all))
	group, ctx := errgroup.WithContext(ctx)
	if !p.together {
		group.SetLimit(1)
	}
	for i, s := range all {
		group.Go(func() (err error) {
			b.say("%s %s", s.name, s.how)
			out[i], err = stallOf(ctx, s, p)
			if err != nil {
				return fmt.Errorf("%s %s: %w", s.name, s.how, err)
			}
			return nil
		})
	}
	return out, group.Wait()
}

// stallOf measures one peer.
func stallOf(ctx context.Context, s staller, p stallPlan) (stalled, error) {
	dir, remove, err := scratch()
	if err != nil {
		return stalled{}, err
	}
	defer remove()
	on, err := launch(ctx, s.peer, load{rate: p.rate, length: p.length, vus: s.vus, think: 0.1, record: s.script != ""}, p.vegeta, dir)
	if err != nil {
		return stalled{}, err
	}
	defer on.Close()
	if err := on.started(ctx); err != nil {
		return stalled{}, err
	}
	if err := on.wait(ctx, p.after); err != nil {
		return stalled{}, err
	}
	if err := on.ask(ctx, http.MethodPost, stallPath+"?for="+p.stop.String(), nil); err != nil {
		return stalled{}, err
	}
	if err := on.ended(ctx); err != nil {
		return stalled{}, err
	}
	var saw serverLog
	if err := on.ask(ctx, http.MethodGet, logPath, &saw); err != nil {
		return stalled{}, err
	}
	out := stalled{staller: s, recorded: noTail(), lag: noTail()}
	if out.told, err = on.tells(); err != nil {
		return out, err
	}
	out.dropped, out.stop = int64(out.told.dropped), time.Duration(saw.StallTo-saw.StallFrom)
	if s.script != "" {
		if err := out.readRecord(filepath.Join(dir, recordFile)); err != nil {
			return out, err
		}
	}
	out.reference = saw.asPlanned(0, 0)
	if s.plan {
		out.reference = saw.asPlanned(p.rate, p.length)
	}
	return out, nil
}

func noTail() tail { return tail{math.NaN(), math.NaN(), math.NaN()} }

// readRecord reads the log of --out perso.
func (s *stalled) readRecord(path string) error {
	l, err := hlog.Read(path)
	if err != nil {
		return err
	}
	response := "http_req_duration"
	if s.persoTimes {
		response = "perso_req_duration"
		if s.lag, err = tailOf(l, "perso_req_lag"); err != nil {
			return err
		}
	}
	s.recorded, err = tailOf(l, response)
	return err
}

// tailOf is the tail of all series of a metric together.
func tailOf(l *hlog.Log, metric string) (tail, error) {
	all := hlog.Time.New()
	for _, line := range l.Lines {
		if name, _, _ := strings.Cut(line.Series, "?"); name == metric {
			h, _, err := line.Histogram()
			if err != nil {
				return tail{}, err
			}
			all.Merge(h)
		}
	}
	if all.TotalCount() == 0 {
		return tail{}, fmt.Errorf("%s has no values of %s", l.Path, metric)
	}
	return histogramTail(all), nil
}

func histogramTail(h *hdr.Histogram) tail {
	at := func(v int64) float64 { return hlog.Time.Value(v) / 1e3 }
	return tail{at(h.ValueAtQuantile(99)), at(h.ValueAtQuantile(99.9)), at(h.Max())}
}

// asPlanned is what users would have waited, by the target's own log, who come at even distances at a rate, for a length: the rest of
// the stall, if they come in it, and what the target takes otherwise. With rate 0 it is what the requests that came waited in the
// target.
func (l serverLog) asPlanned(rate float64, length time.Duration) tail {
	var times, usual []float64
	first := int64(math.MaxInt64)
	for _, r := range l.Requests {
		first = min(first, r.Came)
		took := float64(r.Left-r.Came) / 1e9
		times = append(times, took)
		if r.Left < l.StallFrom || r.Came > l.StallTo {
			usual = append(usual, took)
		}
	}
	if rate > 0 {
		times = nil
		base := stats.Median(usual)
		for n := range int(math.Round(rate * length.Seconds())) {
			due := first + int64(float64(n)/rate*1e9)
			took := base
			if due >= l.StallFrom && due < l.StallTo {
				took += float64(l.StallTo-due) / 1e9
			}
			times = append(times, took)
		}
	}
	slices.Sort(times)
	at := func(q float64) float64 { return times[min(int(q*float64(len(times))), len(times)-1)] }
	return tail{at(0.99), at(0.999), times[len(times)-1]}
}

// stallTable is the table of the stall comparison.
func stallTable(p stallPlan, seen []stalled) *markdown.Table {
	t := &markdown.Table{
		Title: fmt.Sprintf("A target that stalls for %v once: %.0f requests a second for %v", p.stop, p.rate, p.length),
		Header: []string{"peer", "told by", "requests", "dropped", "p99, ms", "as planned", "p99.9, ms", "as planned", "max, ms", "as planned",
			"late p99, ms", "late p99.9, ms"},
		Notes: []string{
			fmt.Sprintf("By arithmetic, of users who come evenly, those wait longer than x who come in the first %v − x of the stall: p99 is %.0f ms, p99.9 %.0f ms, and max %.0f ms.",
				p.stop, 1e3*p.byArithmetic(p.stop, 0.99), 1e3*p.byArithmetic(p.stop, 0.999), 1e3*p.byArithmetic(p.stop, 1)),
			"As planned: computed from the target's own log, for every request of the plan, whether it was sent or not: from when it was due to when the target had answered, had it come. " +
				"drive() plans journeys, so for it: from when each of its requests came to the target to when it was answered.",
			"Dropped requests are in no percentile of the peer. They are counted, in k6's summary and in the log of --out perso.",
			"Late: from when a request was due to when it was sent. The times of drive() and visit() begin when a request was due, those of stock k6 and vegeta when it was sent.",
		},
	}
	ms := func(s float64) string { return markdown.Number("%.0f", 1e3*s) }
	for _, s := range seen {
		name := s.name
		if s.how != "" {
			name += ", " + s.how
		}
		line := func(by string, is tail, lag99, lag999 float64) {
			t.Add(name, by, fmt.Sprintf("%.0f", s.told.requests), fmt.Sprint(s.dropped), ms(is.p99), ms(s.reference.p99), ms(is.p999), ms(s.reference.p999),
				ms(is.longest), ms(s.reference.longest), markdown.Number("%.1f", 1e3*lag99), markdown.Number("%.1f", 1e3*lag999))
		}
		by := "k6's summary"
		if s.script == "" {
			by = "vegeta"
		}
		line(by, s.toldTail(), s.told.lag99, math.NaN())
		if s.script != "" {
			line("--out perso", s.recorded, s.lag.p99, s.lag.p999)
		}
	}
	return t
}

// toldTail is what a peer's own summary says.
func (s stalled) toldTail() tail { return tail{s.told.p99, s.told.p999, s.told.longest} }

// byArithmetic is the q quantile of what users wait for the end of a stall who come evenly, s.
func (p stallPlan) byArithmetic(stop time.Duration, q float64) float64 {
	return max(stop.Seconds()-(1-q)*p.length.Seconds(), 0)
}
