package replay

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/backtest/history"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// mostHistory is how many samples may be made for one level: 16 bytes each.
const mostHistory = 20_000_000

// Functions over a range.
var (
	// counting take a series for a counter.
	counting = []string{"rate", "increase", "irate", "resets"}
	// spread give the same, to the edges of the range, however many samples there are in between.
	spread = []string{"rate", "increase", "delta", "absent_over_time", "present_over_time"}
)

// spreadSamples is how many samples a range has that is read by one of spread: so the edges are off by a thousandth at most.
const spreadSamples = 1000

// prepend puts synthetic history before the recorded series of the arm, whose first sample is at a time (ms), as far as its alerts look
// back.
func (a *arm) prepend(ctx context.Context, recorded *store, first int64) error {
	lapsed := time.Duration(float64(a.History) / a.experiment.Alerts.Lapse)
	step := a.experiment.Telemetry.ScrapeInterval
	plan, err := history.Draw(a.clean(first), first, lapsed.Milliseconds(), step.Milliseconds(), a.Data.Run.Seed)
	if err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	a.made = result.HistoryLevel{
		Level: a.name, Began: time.UnixMilli(first).UTC(), Windows: plan.Windows,
		Clean: time.Duration(plan.Clean) * time.Millisecond, Block: time.Duration(plan.Block) * time.Millisecond,
	}
	p := &prepending{arm: a, plan: plan, reads: a.rules.Lapsed.Reads(), lookback: a.conditions(a.rules).lookback}
	if err := p.fits(recorded); err != nil {
		return err
	}
	for _, s := range recorded.series {
		p.series(s)
	}
	if len(p.native) > 0 {
		a.notes = append(a.notes, fmt.Sprintf("%s: without history, since they are native histograms: %s", a.name, strings.Join(p.native, ", ")))
	}
	return p.records(ctx, recorded)
}

// clean are the times without a fault in the passes of the level, from the first sample on: the clean windows, and the passes of none.
func (a *arm) clean(first int64) []history.Window {
	type pass struct {
		fault       string
		nth, launch int
	}
	began := map[pass]int64{}
	var out []history.Window
	for _, e := range a.Data.Faults {
		p, at := pass{e.Fault, e.Pass, e.Launch}, e.Time.UnixMilli()
		ends := e.Phase == result.PhaseInject
		if e.Fault == result.NoFault {
			ends = e.Phase == result.PhaseDone
		}
		switch from, open := began[p]; {
		case !a.Data.Run.InCatchLaunch(e.Launch, a.name):
		case e.Phase == result.PhaseClean:
			began[p] = max(first, at)
		case open && ends:
			out = append(out, history.Window{From: from, To: at})
			delete(began, p)
		}
	}
	return out
}

// prepending puts history before the series of an arm.
type prepending struct {
	*arm
	plan     *history.Plan
	reads    []alerts.Read
	lookback time.Duration
	native   []string // metrics that have none
}

// series puts history before one series.
func (p *prepending) series(s *series) {
	tiers, counter := p.read(s)
	if len(tiers) == 0 {
		return
	}
	name := s.labels.Get(model.MetricNameLabel)
	if s.mixed != nil {
		if !slices.Contains(p.native, name) {
			p.native = append(p.native, name)
		}
		return
	}
	recorded := make([]history.Sample, len(s.floats))
	for i, f := range s.floats {
		recorded[i] = history.Sample{T: f.t, V: f.v}
	}
	past := p.plan.Gauge
	if counter || strings.HasSuffix(name, "_total") {
		past = p.plan.Counter
	}
	s.before(past(recorded, tiers))
}

// before puts samples before those of a series.
func (s *series) before(made []history.Sample) {
	if len(made) == 0 {
		return
	}
	all := make(floats, 0, len(made)+len(s.floats))
	for _, m := range made {
		all = append(all, float{m.T, m.V})
	}
	s.floats = append(all, s.floats...)
}

// read is how the alerts read a series: how close its samples must be, how far back, and whether it is taken for a counter.
func (p *prepending) read(s *series) (tiers []history.Tier, counter bool) {
	for _, r := range p.reads {
		if r.Past <= 0 || r.Past == result.Unreachable || !matches(s.labels, r.Matchers) {
			continue
		}
		counter = counter || slices.Contains(counting, r.Func)
		tiers = append(tiers, history.Tier{Past: (r.Past + p.lookback).Milliseconds(), Step: p.apart(r)})
	}
	return history.Tiers(tiers), counter
}

// apart is how far apart samples may be for what reads them, ms; 0 where each counts: an average gives them all the same weight.
func (p *prepending) apart(r alerts.Read) int64 {
	switch {
	case r.Func == "" && r.Range == 0: // a sample must be current at any time
		return p.lookback.Milliseconds() / 2
	case slices.Contains(spread, r.Func):
		return r.Range.Milliseconds() / spreadSamples
	default:
		return 0
	}
}

// fits refuses a history of more samples than there is room for, before any is made.
func (p *prepending) fits(recorded *store) error {
	by := map[string]int64{}
	var all int64
	most := ""
	for _, s := range recorded.series {
		tiers, _ := p.read(s)
		name := s.labels.Get(model.MetricNameLabel)
		size := p.plan.Size(tiers)
		all, by[name] = all+size, by[name]+size
		if most == "" || by[name] > by[most] {
			most = name
		}
	}
	if all <= mostHistory {
		return nil
	}
	const million = 1_000_000
	return fmt.Errorf("backtest: a history of %s takes %d million samples, and %d million are the most; %d million are of %s: shorten the "+
		"history, or read that metric by rate or increase, which need fewer samples than an average",
		alerts.Written(p.History), all/million, mostHistory/million, by[most]/million, most)
}
