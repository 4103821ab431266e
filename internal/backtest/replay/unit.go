package replay

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/rules"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/scratch"
)

// Conditions of promtool's unit tests: they evaluate all groups at one interval, and their engine has these limits.
const (
	unitLookback = 5 * time.Minute
	unitPoints   = 10_000
)

// unitMargin is how many evaluations later than in the run an alert may fire in its test, since samples are moved to a grid.
const unitMargin = 6

// UnitTests says what was written.
type UnitTests struct {
	Alerts  []string // that have a test in which they fire
	LeftOut []string // alerts that fired and have none, and why
	Silence string   // what the test of silence is of; "" if there is none
}

// unitWriter makes the tests of one set of rules.
type unitWriter struct {
	*Recording
	of     *Rules
	run    *result.Data // as replayed
	matrix *catch.Matrix
	eval   int64 // ms between two evaluations
	step   int64 // ms between two samples, an even number
	stores map[string]*store
	out    UnitTests
	file   unitFile
}

// WriteUnitTests writes rules.yaml and tests.yaml for promtool into a directory: a test for every alert that fired, whose input
// series are cut from the recorded ones, and one of silence. The rules are time-lapsed, since the recorded rates are. Every test is
// carried out before it is written.
func (r *Recording) WriteUnitTests(ctx context.Context, of *Rules, replayed *Replay, m *catch.Matrix, dir string) (_ UnitTests, err error) {
	if err := r.CheckTarget(dir); err != nil {
		return UnitTests{}, err
	}
	w := &unitWriter{Recording: r, of: of, run: replayed.Data, matrix: m, stores: map[string]*store{}}
	w.eval = r.evalInterval().Milliseconds()
	w.step = min(w.eval, r.experiment.Telemetry.ScrapeInterval.Milliseconds(), r.experiment.Telemetry.CatchMetricInterval.Milliseconds()) / 2 * 2
	if w.eval <= 0 || w.step <= 0 {
		return UnitTests{}, errors.New("backtest: the run does not say at which intervals it evaluated rules and took samples")
	}
	held, err := scratch.Make("", "backtest")
	if err != nil {
		return UnitTests{}, fmt.Errorf("backtest: %w", err)
	}
	defer func() { err = errors.Join(err, held.Remove()) }()
	w.file.Interval = model.Duration(r.evalInterval())
	var open []*database
	defer func() {
		for _, d := range open {
			err = errors.Join(err, d.Close())
		}
	}()
	for _, level := range m.Levels {
		d, err := openDatabase(r.series(level), held.Path, r.end(level)-lateBlock.Milliseconds())
		if err != nil {
			return UnitTests{}, err
		}
		open = append(open, d)
		if w.stores[level], err = load(ctx, d, reads(of.groups), r.hidden(of.groups)); err != nil {
			return UnitTests{}, err
		}
	}
	if err := w.all(ctx); err != nil {
		return UnitTests{}, err
	}
	if len(w.file.Tests) == 0 {
		return w.out, fmt.Errorf("backtest: nothing to write to %s: no alert fired and no level was silent", dir)
	}
	return w.out, w.file.write(dir, of, r.Data.Run)
}

// all makes every test.
func (w *unitWriter) all(ctx context.Context) error {
	for _, t := range w.targets() {
		test, why, err := w.firing(ctx, t)
		if err != nil {
			return err
		}
		if why != "" {
			w.out.LeftOut = append(w.out.LeftOut, t.alert+": "+why)
			continue
		}
		w.out.Alerts = append(w.out.Alerts, t.alert)
		w.file.Tests = append(w.file.Tests, *test)
	}
	return w.silence(ctx)
}

// firing makes the test of an alert that fired; why says why there is none.
func (w *unitWriter) firing(ctx context.Context, t target) (_ *unitTest, why string, err error) {
	if first, _, ok := w.stores[t.level].span(); ok && t.from < first { // in step with the evaluations
		t.from += (first - t.from + w.eval - 1) / w.eval * w.eval
	}
	cut, why := w.cut(w.stores[t.level], []string{t.alert}, t.from, t.at+unitMargin*w.eval)
	if why != "" {
		return nil, why, nil
	}
	silentAt, firedAt := int64(-1), int64(-1)
	if t.silent >= t.from {
		silentAt = (t.silent - t.from) / w.eval
	}
	var fired []firingAlert
	early := false
	err = w.carryOut(ctx, cut, func(k int64, groups []*rules.Group) bool {
		of := firingOf(groups, t.alert)
		switch {
		case len(of) == 0:
		case k <= silentAt:
			early = early || k == silentAt
		default:
			fired, firedAt = of, k
		}
		return len(fired) == 0
	})
	failed := &failedRule{}
	switch {
	case errors.As(err, &failed):
		return nil, failed.Error(), nil
	case err != nil:
		return nil, "", err
	case early:
		return nil, "on the samples of the test it fires before " + t.what + " already", nil
	case firedAt < 0:
		return nil, fmt.Sprintf("on samples every %v it does not fire within %v of the time in the run",
			time.Duration(w.step)*time.Millisecond, time.Duration(unitMargin*w.eval)*time.Millisecond), nil
	}
	test := w.test(fmt.Sprintf("%s fires: %s at level %s", t.alert, t.pass, t.level), cut)
	if silentAt >= 0 {
		test.Alerts = append(test.Alerts, alertTest{w.at(silentAt), t.alert, []firingAlert{}})
	}
	test.Alerts = append(test.Alerts, alertTest{w.at(firedAt), t.alert, fired})
	return test, "", nil
}

// silence makes the test in which nothing fires, of the longest quiet clean window at the level that has the most telemetry.
func (w *unitWriter) silence(ctx context.Context) error {
	level, pass, from, to, ok := quiet(w.matrix)
	if !ok {
		w.out.LeftOut = append(w.out.LeftOut, "silence: an alert was pending or fired in every clean window")
		return nil
	}
	var names []string
	for _, a := range w.run.Run.Alerts {
		if a.Constant != result.AlwaysTrue && !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	cut, why := w.cut(w.stores[level], names, from, to)
	if why != "" {
		w.out.LeftOut = append(w.out.LeftOut, "silence: "+why)
		return nil
	}
	last, noisy := cut.evaluations(w.eval), map[string]bool{}
	err := w.carryOut(ctx, cut, func(k int64, groups []*rules.Group) bool {
		for _, name := range names {
			if len(firingOf(groups, name)) > 0 && k == last {
				noisy[name] = true
			}
		}
		return true
	})
	failed := &failedRule{}
	if errors.As(err, &failed) {
		w.out.LeftOut = append(w.out.LeftOut, "silence: "+failed.Error())
		return nil
	}
	if err != nil {
		return err
	}
	w.out.Silence = fmt.Sprintf("the clean window of %s at level %s", pass, level)
	test := w.test("silence: "+w.out.Silence, cut)
	for _, name := range names {
		if noisy[name] {
			w.out.LeftOut = append(w.out.LeftOut, name+": not in the test of silence, since it fires on the samples of the test")
			continue
		}
		test.Alerts = append(test.Alerts, alertTest{w.at(last), name, []firingAlert{}})
	}
	w.file.Tests = append(w.file.Tests, *test)
	return nil
}

// failedRule is a rule that cannot be evaluated under the conditions of a unit test.
type failedRule struct {
	rule string
	err  error
}

func (f *failedRule) Error() string {
	return fmt.Sprintf("promtool could not evaluate %s: %v", f.rule, f.err)
}

// carryOut evaluates the rules on cut series as promtool does. each gets the number of every evaluation, from 0, and says whether
// to go on.
func (w *unitWriter) carryOut(ctx context.Context, of *cutting, each func(k int64, groups []*rules.Group) bool) (err error) {
	e, err := newEvaluator(w.of.Lapsed.Text, of.store, conditions{interval: w.evalInterval(), lookback: unitLookback, mostPoints: unitPoints})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	for k := range of.evaluations(w.eval) + 1 {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		for _, g := range e.groups {
			e.eval(ctx, g, time.UnixMilli(of.start+k*w.eval))
		}
		for name, f := range e.failed {
			return &failedRule{name, f.first}
		}
		if !each(k, e.groups) {
			return nil
		}
	}
	return nil
}

// CheckTarget refuses a directory that has something in it, and one in the run directory.
func (r *Recording) CheckTarget(dir string) error {
	run, err := filepath.Abs(r.dir)
	if err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	to, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	if rel, err := filepath.Rel(run, to); err == nil && filepath.IsLocal(rel) {
		return fmt.Errorf("%s is in the run directory, into which a backtest writes nothing: name another", dir)
	}
	return emptyOrNew(dir)
}
