package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// confidence of every interval that is shown.
const confidence = 0.95

// Analyze turns a run directory into what the reports show, judged by the run's own budgets. It is a pure function: the same data give the same
// analysis, the bootstrap being seeded from the run. Data that are too few, or that show the run to be invalid, are no
// error but an Outcome; an error means that the data contradict themselves, and says where.
func Analyze(d *result.Data) (*Analysis, error) {
	budgets, err := ParseBudgets(d.Run.Budgets)
	if err != nil {
		return nil, err
	}
	return Judge(d, budgets)
}

// Judge is Analyze with other budgets than the run's own. A budget that this run cannot be held to is an error.
func Judge(d *result.Data, budgets []Budget) (*Analysis, error) {
	if err := CheckBudgets(budgets, ScopeOf(d.Run)); err != nil {
		return nil, fmt.Errorf("verdict: %w", err)
	}
	m, err := measure(d)
	if err != nil {
		return nil, err
	}
	beside := m.aside(d)
	a, err := m.judge(d, budgets, beside)
	if err != nil {
		<-beside
	}
	return a, err
}

// judge is Judge of what is in order, with what is analyzed at the same time.
func (m *measured) judge(d *result.Data, budgets []Budget, beside <-chan aside) (*Analysis, error) {
	t := newTolls(m)
	s := newSteps(t)
	c := newCapacities(d, m)
	a := &Analysis{Run: d.Run, Load: loadOf(d, m.over()), Confidence: confidence, Controls: append(t.controls(confidence), c.controls(confidence)...), Notes: slices.Clone(d.Notes)}
	var err error
	if a.Budgets, a.Looks, err = t.judge(budgets, c, confidence); err != nil {
		return nil, err
	}
	if m.complete() > 0 {
		for _, arm := range t.order() {
			a.Toll = append(a.Toll, t.level(arm, confidence))
		}
		a.Steps = s.ladder(a.Toll)
		a.Baseline = t.absolute()
		a.Launches = t.byLaunches()
		a.Money = t.bills()
		a.Shapes = m.shapes()
		a.Rounds, a.Parts, a.Contents = t.byRounds(), m.breakdowns(), m.contents(d.Volumes)
	}
	if c != nil {
		a.Capacity = c.analyze(confidence)
		a.Launches = append(a.Launches, c.byLaunches()...)
		a.Notes = append(a.Notes, c.leftOut()...)
	}
	of := <-beside
	if of.err != nil {
		return nil, fmt.Errorf("verdict: %w", of.err)
	}
	a.Hops, a.Catch = of.hops, of.catch
	a.Budgets = append(a.Budgets, judgeCatch(d.Run, a.Catch, budgets)...)
	a.CPU = cpuOf(d)
	a.Frontier = s.frontier(a, d)
	a.Limits = catch.Limits(d.Run.Sweep, a.Catch)
	a.Budgets = append(a.Budgets, limitBudgets(d.Run.Sweep, a.Limits)...)
	if a.Catch != nil && a.Catch.Lateness.Busy() != "" {
		a.Notes = append(a.Notes, a.Catch.Lateness.Busy())
	}
	if m.incomplete > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("rounds left out because not every arm finished them: %d", m.incomplete))
	}
	a.Outcome, a.Reasons = outcome(a, m)
	return a, nil
}

// aside is what needs nothing of the toll: of a night it takes as long as the toll does, and has the second core.
type aside struct {
	hops  []Hop
	catch *catch.Matrix
	err   error
}

// aside begins to analyze it. Exactly one value comes, when nothing of it is at work any more, then the channel is closed.
func (m *measured) aside(d *result.Data) <-chan aside {
	out := make(chan aside, 1)
	go func() {
		defer close(out)
		var of aside
		var hopsErr, catchErr error
		var both sync.WaitGroup
		both.Go(func() {
			if m.complete() > 0 {
				of.hops, hopsErr = m.hops(d, confidence)
			}
		})
		both.Go(func() { of.catch, catchErr = catch.Analyze(d) })
		both.Wait()
		of.err = cmp.Or(hopsErr, catchErr)
		out <- of
	}()
	return out
}

// outcome is the verdict of controls and budgets. A control that failed makes the run invalid, whatever the budgets
// say; one that could not be judged, or a level whose toll could not be estimated, makes it inconclusive.
func outcome(a *Analysis, m *measured) (Outcome, []string) {
	broken, undecided := controlReasons(a, m)
	over, open, under := budgetReasons(a.Budgets)
	over = append(over, expired(a.Catch)...)
	decided := fmt.Sprintf("all %d controls hold", len(a.Controls))
	if open := a.undecidedTimes(m); len(open) > 0 {
		decided = fmt.Sprintf("%d controls hold; undecided about times, on which no budget rests: %s", len(a.Controls)-len(open), strings.Join(open, ", "))
	}
	if len(a.Controls) == 1 {
		decided = "the only control holds"
	}
	if len(a.Controls) == 0 {
		decided = "no toll was to be measured"
	}
	if len(a.Budgets) == 0 {
		decided += ", and no budget is set"
	}
	partial := partialText(a.Run)
	switch {
	case len(broken) > 0:
		return Invalid, slices.Concat(broken, undecided, partial)
	case len(undecided) > 0:
		return Inconclusive, slices.Concat(undecided, over, open, partial)
	case len(over) > 0:
		return Fail, slices.Concat(over, open, partial)
	case len(open) > 0 || len(partial) > 0: // a gate must not pass what was not measured to its end
		return Inconclusive, slices.Concat(open, partial)
	default:
		return Pass, slices.Concat([]string{decided}, under, partial)
	}
}

func controlReasons(a *Analysis, m *measured) (broken, undecided []string) {
	for _, c := range a.Controls {
		text := fmt.Sprintf("%s: saw %s; want %s; %s", c.Name, c.Saw, c.Want, c.Remedy)
		switch {
		case c.Undecided && c.measuresTimes() && a.onCounts(m):
		case c.Undecided:
			undecided = append(undecided, text)
		case !c.OK:
			broken = append(broken, text)
		}
	}
	for _, l := range a.Toll {
		if math.IsNaN(l.vital().Detectable) && !a.onCounts(m) {
			undecided = append(undecided, fmt.Sprintf("level %s: too few rounds to estimate its toll (%d complete, launches: %d): "+
				"run at least two launches, or %d rounds in one", l.Arm.Name, m.complete(), len(m.launches), leastRounds()))
			break // the same for every level
		}
	}
	return broken, undecided
}

// onCounts says that the run ended when its budgets on the toll, all on counts, were decided after one launch, and that no other is asked
// for. What it then cannot tell about times is no obstacle to the verdict.
func (a *Analysis) onCounts(m *measured) bool {
	times := slices.ContainsFunc(a.Budgets, func(r BudgetResult) bool { return !r.Budget.Counted() && r.Budget.Metric != "" })
	counts := slices.ContainsFunc(a.Budgets, func(r BudgetResult) bool { return r.Budget.Counted() })
	return counts && !times && m.endedOnCounts()
}

// undecidedTimes are the controls that are undecided, and no obstacle.
func (a *Analysis) undecidedTimes(m *measured) (names []string) {
	for _, c := range a.Controls {
		if c.Undecided && c.measuresTimes() && a.onCounts(m) {
			names = append(names, c.Name)
		}
	}
	return names
}

func budgetReasons(results []BudgetResult) (over, open, under []string) {
	for _, r := range results {
		switch r.Outcome {
		case Fail:
			over = append(over, r.Sentence)
		case Pass:
			under = append(under, r.Sentence)
		default:
			open = append(open, r.Sentence)
		}
	}
	return over, open, under
}

// leastRounds is the fewest rounds of one launch that give every interval that decides.
func leastRounds() int { return stats.SignedRankLeast(1 - controlError/float64(len(EqualWithin()))) }

func partialText(r result.Run) []string {
	switch {
	case r.Status == result.Complete:
		return nil
	case r.Reason != "":
		return []string{"the run is partial: " + r.Reason}
	default:
		return []string{"the run is partial: it ended without saying why"}
	}
}

// vital is the effect that every decision needs; one of NaN if there is none.
func (l LevelToll) vital() Effect {
	for _, e := range l.Effects {
		if e.Metric.Vital {
			return e
		}
	}
	return Effect{Detectable: math.NaN()}
}
