package verdict

import (
	"cmp"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Frontier sets what every level costs against what it catches.
type Frontier struct {
	Metrics    []Metric          // of the costs, in display order; none where no toll was measured
	By         Metric            // the cost by which a level is cheap: the first of Metrics that is known of all levels; without ID: none is
	Points     []Point           // by level, the baseline first
	Choices    []Choice          // of all faults, then of each kind where there are several
	Inversions []catch.Inversion // faults that a lower level detected and a higher one missed
	Sampling   []Sampling        // by fault whose evidence is in spans, where some level samples traces by a ratio
	Lacks      string            // which half is not there and why, a clause; "" if both are
}

// Point is one level: its costs over the baseline, and its catch.
type Point struct {
	Level string
	Costs []Effect // by Frontier.Metrics; the differences of the baseline are 0
	Catch catch.Tally

	DominatedBy []string // levels that surely cost no more and caught all that this one did
	Rivals      []Rival  // where there are none: levels that might be such
	// Predicted is the share of the judged faults that sampling by a ratio should let the level diagnose; NaN where the level does
	// not sample so, or nothing is predicted of it. See Sampling.
	Predicted float64
}

// Rival is a level that caught all that another did and costs less of something, but may cost more of something else.
type Rival struct {
	Level  string
	Unsure []Metric // of which it may cost more: the run cannot tell
}

// Choice is which level to take for one kind of fault.
type Choice struct {
	Group     string // "": all faults
	Faults    int    // that were judged at one level at least
	Detects   Pick   // the cheapest level that detects them
	Diagnoses Pick   // the cheapest level that diagnoses them
	Step      *Step  // between the two; nil where one is missing, both are the same, or no toll was measured
}

// Pick is the cheapest of the levels that catch the most faults. A fault is caught if it was in all passes that were judged.
type Pick struct {
	Level       string   // "": no level catches any
	Caught, Any int      // faults that it catches, of those that some level does
	Like        []string // other levels that catch as many, and whose cost this run cannot tell from its own
}

// Step is what one level costs over another.
type Step struct {
	From, To string
	Costs    []Effect // To over From, round by round; of a Choice by Frontier.Metrics
}

// frontier is nil when no fault was judged at any level.
func (s *steps) frontier(a *Analysis, d *result.Data) *Frontier {
	if a.Catch == nil {
		return nil
	}
	tallies := catch.Tallies(a.Catch, d.Run.Alerts)
	if !slices.ContainsFunc(tallies, func(of catch.Tally) bool { return of.Detected.Of > 0 }) {
		return nil
	}
	f := &Frontier{Inversions: catch.Inversions(tallies)}
	for _, tally := range tallies {
		f.Points = append(f.Points, Point{Level: tally.Level, Catch: tally, Predicted: math.NaN()})
	}
	if len(a.Baseline) == 0 {
		f.Lacks = "no toll was measured, so that levels stand in their own order and not by what they cost"
	} else {
		f.costs(a)
	}
	s.dominate(f)
	f.Choices = s.choices(f)
	f.predict(d, a.Catch)
	return f
}

// costs takes what the levels cost from the toll.
func (f *Frontier) costs(a *Analysis) {
	for _, b := range a.Baseline {
		f.Metrics = append(f.Metrics, b.Metric)
	}
	f.Metrics = costsOfFrontier(f.Metrics)
	for i := range f.Points {
		for _, m := range f.Metrics {
			f.Points[i].Costs = append(f.Points[i].Costs, costOf(a, f.Points[i].Level, m))
		}
	}
	for i, m := range f.Metrics {
		if !slices.ContainsFunc(f.Points, func(p Point) bool { return math.IsNaN(p.Costs[i].Diff.Mid) }) {
			f.By = m
			break
		}
	}
}

// costsOfFrontier are the metrics that the frontier sets against the catch, in its order.
func costsOfFrontier(all []Metric) []Metric {
	out := slices.DeleteFunc(slices.Clone(all), func(m Metric) bool { return m.Frontier == 0 })
	slices.SortStableFunc(out, func(x, y Metric) int { return cmp.Compare(x.Frontier, y.Frontier) })
	return out
}

// costOf is what a level costs of a metric. The baseline's difference to itself is 0, without an interval to speak of.
func costOf(a *Analysis, level string, m Metric) Effect {
	e := noEffect(m)
	for _, arm := range a.Run.Arms {
		if arm.Role == result.RoleBaseline && arm.Level == level {
			e.Diff, e.Ratio = Interval{}, Interval{}
			if i := slices.IndexFunc(a.Baseline, func(b Absolute) bool { return b.Metric.ID == m.ID }); i >= 0 {
				e.Value = a.Baseline[i].Value
			}
			return e
		}
	}
	for _, l := range a.Toll {
		if l.Arm.Role == result.RoleLevel && l.Arm.Level == level {
			return l.of(m)
		}
	}
	return e
}

// cost is what a level costs more than the baseline in Frontier.By, in its unit.
func (f *Frontier) cost(point int) float64 {
	i := slices.IndexFunc(f.Metrics, func(m Metric) bool { return m.ID == f.By.ID })
	if i < 0 {
		return float64(point) // levels are in the order from lean to rich
	}
	return f.Points[point].Costs[i].Diff.Mid
}
