package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/scratch"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Replay is what rules do on the recorded series: the run with other alerts, and with the events of these.
type Replay struct {
	Data  *result.Data
	Notes []string // what a reader must know of it
}

// Replay evaluates rules on the series of every level. Levels are independent, so that as many run at once as there are cores.
func (r *Recording) Replay(ctx context.Context, of *Rules) (*Replay, error) {
	out, _, err := r.replay(ctx, of)
	return out, err
}

// replay returns, too, for how long the level with the shortest series was recorded.
func (r *Recording) replay(ctx context.Context, of *Rules) (_ *Replay, data time.Duration, err error) {
	dir, err := scratch.Make("", "backtest")
	if err != nil {
		return nil, 0, fmt.Errorf("backtest: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	arms := make([]*arm, len(r.Data.Run.Levels))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	present := map[alerts.Selector]bool{}
	for i, level := range r.Data.Run.Levels {
		group.Go(func() error {
			a := &arm{Recording: r, name: level.Name, rules: of}
			arms[i] = a
			if err := a.replay(ctx, dir.Path); err != nil {
				return fmt.Errorf("%w (level %s)", err, level.Name)
			}
			mu.Lock()
			defer mu.Unlock()
			for s, has := range a.present {
				present[s] = present[s] || has
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, 0, err
	}
	return r.together(of, arms, present), leastData(arms), nil
}

// together is the run as the arms replayed it.
func (r *Recording) together(of *Rules, arms []*arm, present map[alerts.Selector]bool) *Replay {
	data := *r.Data
	out := &Replay{Data: &data}
	if !of.own {
		of.Lapsed.Lacking(r.lacks(present))
	}
	data.Run.Alerts, data.Run.Faults, data.Alerts = of.Lapsed.Alerts, r.faults(of), nil
	data.Run.History = r.history(data.Run.Alerts, arms)
	failed := map[string]failure{}
	for _, a := range arms {
		data.Alerts = append(data.Alerts, a.events...)
		out.Notes = append(out.Notes, a.notes...)
		for name, f := range a.failed {
			sum := failed[name]
			sum.times += f.times
			if sum.first == nil {
				sum.first = f.first
			}
			failed[name] = sum
		}
	}
	slices.SortStableFunc(data.Alerts, func(a, b result.AlertEvent) int { return a.Time.Compare(b.Time) })
	markJudged(&data)
	out.Notes = append(out.Notes, r.short(data.Run.Alerts, arms)...)
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		out.Notes = append(out.Notes, fmt.Sprintf("%s could not be evaluated %d times: %v", name, failed[name].times, failed[name].first))
	}
	if names := r.borrowed(of.groups); len(names) > 0 && !of.own {
		out.Notes = append(out.Notes, fmt.Sprintf("read as the run's own rules recorded them, since these rules do not: %s", strings.Join(names, ", ")))
	}
	out.Notes = append(out.Notes, of.Lapsed.Read...)
	out.Notes = append(out.Notes, of.Lapsed.Ambiguous()...)
	out.Notes = append(out.Notes, unexpected(data.Run.Faults, data.Run.Alerts)...)
	return out
}

// lacks says what no level had, as a run finds it out at its end: what our own stack can have is known to be there, whether or not
// an event brought it.
func (r *Recording) lacks(present map[alerts.Selector]bool) func(alerts.Selector) bool {
	ours, _ := role.Metrics(r.Data.Run.Environment)
	return func(s alerts.Selector) bool {
		known := slices.Contains(ours, s.Metric) && (s.Text == s.Metric || !alerts.FromOutside(s.Metric))
		return !present[s] && !known
	}
}

// end is the last moment that the record of the catch speaks of at a level, ms: its alerts were watched no longer. Where levels took turns
// that is the end of its own launch.
func (r *Recording) end(level string) int64 {
	var end time.Time
	for _, s := range r.Data.Slots {
		if s.Phase == slot.Catch && s.Arm == level && s.End.After(end) {
			end = s.End
		}
	}
	for _, e := range r.Data.Faults {
		if e.Phase != result.PhaseEvidence && r.Data.Run.InCatchLaunch(e.Launch, level) && e.Time.After(end) {
			end = e.Time
		}
	}
	return end.UnixMilli()
}

// arm is the replay of one level.
type arm struct {
	*Recording
	name    string
	rules   *Rules
	present map[alerts.Selector]bool
	events  []result.AlertEvent
	notes   []string
	failed  map[string]failure
	data    time.Duration       // from the first recorded sample to the end of the record
	made    result.HistoryLevel // of its history
}

// conditions are those of the run's pipeline.
func (r *Recording) conditions(of *Rules) conditions {
	return conditions{interval: r.evalInterval(), lookback: r.experiment.Lookback(of.Lapsed), mostPoints: mostPoints}
}

func (a *arm) replay(ctx context.Context, scratch string) (err error) {
	end := a.end(a.name)
	d, err := openDatabase(a.series(a.name), scratch, end-lateBlock.Milliseconds())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	recorded, err := a.load(ctx, d)
	if err != nil {
		return err
	}
	when, err := a.readTimes(ctx, d, end)
	if err != nil {
		return err
	}
	first, err := firstSample(ctx, d, recorded)
	if err != nil {
		return err
	}
	a.notes, a.data = append(a.notes, when.gapNotes(a.name)...), time.Duration(end-first)*time.Millisecond
	if a.History > 0 {
		if err := a.prepend(ctx, recorded, first); err != nil {
			return err
		}
	}
	e, err := newEvaluator(a.rules.Lapsed.Text, recorded, a.conditions(a.rules))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	a.failed = e.failed
	a.events, err = a.evaluate(ctx, e, when, first, end)
	return err
}

// lateBlock is by how much the blocks may end before the record of the run: the last sample is older than the end.
const lateBlock = 5 * time.Second

// load reads what the rules read and did not write themselves, and finds out which of their selectors have series.
func (a *arm) load(ctx context.Context, d *database) (*store, error) {
	recorded, err := load(ctx, d, reads(a.rules.groups), a.hidden(a.rules.groups))
	if err != nil {
		return nil, fmt.Errorf("backtest: series in %s: %w", a.series(a.name), err)
	}
	recorded, whole := a.thin(recorded)
	a.notes = append(a.notes, wholeNotes(a.name, whole)...)
	a.present = map[alerts.Selector]bool{}
	for _, s := range a.rules.Lapsed.Selectors() {
		matchers, err := newParser().ParseMetricSelector(s.Text)
		if err != nil {
			return nil, fmt.Errorf("backtest: selector %s: %w", s.Text, err)
		}
		a.present[s] = len(recorded.selected(matchers)) > 0
	}
	return recorded, nil
}

// evaluate evaluates every group at its own times, from the first sample to the end of the record.
func (a *arm) evaluate(ctx context.Context, e *evaluator, when times, first, end int64) ([]result.AlertEvent, error) {
	follow := newTracker(a.name)
	next := make([]int64, len(e.groups))
	for i, g := range e.groups {
		next[i] = a.first(g, when, first)
	}
	for len(next) > 0 {
		i := slices.Index(next, slices.Min(next))
		at := next[i]
		if at > end {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if !when.within(at) {
			e.eval(ctx, e.groups[i], time.UnixMilli(at))
			follow.follow(e.groups[i], time.UnixMilli(at))
		}
		next[i] += e.groups[i].Interval().Milliseconds()
	}
	return follow.sorted(), nil
}

// firstSample is when the recorded series begin, ms: Prometheus writes up of every target from its first scrape on. A database
// without it begins with what the rules read.
func firstSample(ctx context.Context, d *database, recorded *store) (int64, error) {
	up, err := load(ctx, d, []string{"up"}, func(string) bool { return false })
	if err != nil {
		return 0, fmt.Errorf("backtest: %w", err)
	}
	first, _, ok := up.span()
	if !ok {
		first, _, ok = recorded.span()
	}
	if !ok {
		return 0, errors.New("backtest: the series have no sample of anything that the rules read")
	}
	return first, nil
}
