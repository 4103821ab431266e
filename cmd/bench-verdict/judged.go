package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// judgedMetrics are the metrics that the runs are judged on.
func judgedMetrics() []string { return []string{"p50", "p95", "cpu"} }

// gateLimit is the budget by which the runs of identical code are judged, at each of judgedMetrics.
const gateLimit = 0.05

// identicalRun is the place of one complete run of identical code.
type identicalRun struct {
	name  string
	index int
	delay delay
}

var identicalDir = regexp.MustCompile(`^identical-(\d{3})-([\d.]+(?:us|pct))$`)

// identicalRunsIn finds the complete runs of identical code, in their order.
func identicalRunsIn(dir string) ([]identicalRun, error) {
	names, err := completeRuns(dir, "identical-")
	if err != nil {
		return nil, err
	}
	var out []identicalRun
	for _, name := range names {
		part := identicalDir.FindStringSubmatch(name)
		if part == nil {
			continue
		}
		d, ok := parseSlug(part[2])
		if index, err := strconv.Atoi(part[1]); ok && err == nil {
			out = append(out, identicalRun{name, index, d})
		}
	}
	slices.SortFunc(out, func(a, b identicalRun) int { return a.index - b.index })
	return out, nil
}

// judgedRun is one run of identical code as tollgate judges it.
type judgedRun struct {
	identicalRun
	*verdict.Analysis         // judged with gateLimit at each of judgedMetrics
	spun              float64 // the known delay, in seconds; 0 if none was reported
	requests          float64 // of the step whose latency is the toll, sent over all slots of the toll

	// half is the result of a budget of half the known delay at p50, which judges the arm of the known delay as if it were a
	// level. A pass would be wrong.
	half verdict.Outcome
}

// readJudged reads and judges one run.
func readJudged(dir string, place identicalRun) (*judgedRun, error) {
	data, err := result.Read(filepath.Join(dir, place.name))
	if err != nil {
		return nil, err
	}
	return judge(place, data)
}

// gateBudgets are the budgets by which the runs are judged: gateLimit at each of judgedMetrics.
func gateBudgets() []string {
	var out []string
	for _, metric := range judgedMetrics() {
		out = append(out, fmt.Sprintf("%s: %s <= %+g%%", same, metric, 100*gateLimit))
	}
	return out
}

func judge(place identicalRun, data *result.Data) (*judgedRun, error) {
	budgets, err := verdict.ParseBudgets(gateBudgets())
	if err != nil {
		return nil, err
	}
	analysis, err := verdict.Judge(data, budgets)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place.name, err)
	}
	r := &judgedRun{identicalRun: place, Analysis: analysis, spun: spun(data), requests: requests(data), half: verdict.Inconclusive}
	if truth := r.truth(); truth > 0 {
		if r.half, err = judgeHalf(data, truth/2); err != nil {
			return nil, fmt.Errorf("%s: %w", place.name, err)
		}
	}
	return r, nil
}

// spun returns the mean of the delay that the gateway measured over the slots of the toll, in seconds.
func spun(data *result.Data) float64 {
	sum, n := 0.0, 0.0
	for _, s := range data.Slots {
		if s.Phase == slot.Toll && roleOf(data.Run, s.Arm) == result.RoleKnownDelay {
			sum += s.Work.Spun.Seconds() * float64(s.Work.SpunN)
			n += float64(s.Work.SpunN)
		}
	}
	return sum / math.Max(1, n)
}

// requests counts the requests of the main step over all slots of the toll.
func requests(data *result.Data) float64 {
	n := int64(0)
	for _, s := range data.Slots {
		if s.Phase == slot.Toll {
			n += s.Work.Steps[data.Run.Plan.MainStep()]
		}
	}
	return float64(n)
}

func roleOf(r result.Run, arm string) string {
	if i := slices.IndexFunc(r.Arms, func(a result.Arm) bool { return a.Name == arm }); i >= 0 {
		return r.Arms[i].Role
	}
	return ""
}

// judgeHalf judges the arm of the known delay by a limit, a share of the baseline's p50, as if it were a level.
func judgeHalf(data *result.Data, limit float64) (verdict.Outcome, error) {
	as := *data
	as.Run.Arms = slices.Clone(data.Run.Arms)
	name := ""
	for i, a := range as.Run.Arms {
		if a.Role == result.RoleKnownDelay {
			as.Run.Arms[i].Role, name = result.RoleLevel, a.Name
		}
	}
	b, err := verdict.ParseBudget(fmt.Sprintf("%s: p50 <= +%.4f%%", name, 100*limit))
	if err != nil {
		return "", err
	}
	a, err := verdict.Judge(&as, []verdict.Budget{b})
	if err != nil {
		return "", err
	}
	return a.Budgets[0].Outcome, nil
}

// truth returns the known delay as a share of the baseline's p50; 0 if either is not known.
func (r *judgedRun) truth() float64 {
	if p50 := r.baseline("p50"); p50 > 0 {
		return r.spun / p50
	}
	return 0
}

// baseline returns the baseline's own value of a metric; NaN if it has none.
func (r *judgedRun) baseline(metric string) float64 {
	for _, v := range r.Baseline {
		if v.Metric.ID == metric {
			return v.Value
		}
	}
	return math.NaN()
}

// effect returns what the level same, or the arm with a role, costs at a metric; its values are NaN if there is none.
func (r *judgedRun) effect(role, metric string) verdict.Effect {
	for _, l := range r.Toll {
		if l.Arm.Role != role || role == result.RoleLevel && l.Arm.Name != same {
			continue
		}
		for _, e := range l.Effects {
			if e.Metric.ID == metric {
				return e
			}
		}
	}
	nan := math.NaN()
	unknown := verdict.Interval{Lo: nan, Mid: nan, Hi: nan}
	return verdict.Effect{Diff: unknown, Ratio: unknown, Detectable: nan}
}

// gate returns how the gate decided on the level same at a metric.
func (r *judgedRun) gate(metric string) verdict.Outcome {
	for _, b := range r.Budgets {
		if b.Budget.Metric == metric {
			return b.Outcome
		}
	}
	return verdict.Inconclusive
}

// readAllJudged reads and judges every run of identical code in dir.
func readAllJudged(dir string) ([]*judgedRun, error) {
	places, err := identicalRunsIn(dir)
	if err != nil {
		return nil, err
	}
	out := make([]*judgedRun, len(places))
	errs := make([]error, len(places))
	err = parallel(context.Background(), len(places), func(i int) { out[i], errs[i] = readJudged(dir, places[i]) })
	return out, errors.Join(append(errs, err)...)
}
