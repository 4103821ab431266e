package verdict

import (
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// DominationMargin is the relative difference within which a level that dominates another may cost more than it.
const DominationMargin = equalMargin

// steps compares levels with each other, round by round, as the toll compares them with the baseline.
type steps struct {
	*tolls
	known map[stepKey]Effect
}

func newSteps(t *tolls) *steps { return &steps{tolls: t, known: map[stepKey]Effect{}} }

type stepKey struct {
	metric, from, to string
	confidence       float64
}

// armsOf are the arms that stand for a level: of the baseline both.
func (s *steps) armsOf(level string) []int {
	for i, a := range s.run.Arms {
		switch {
		case a.Level != level:
		case a.Role == result.RoleBaseline:
			return s.reference
		case a.Role == result.RoleLevel:
			return []int{i}
		}
	}
	return nil
}

// over is what a level costs over another; all NaN where one of them has no arm.
func (s *steps) over(m Metric, from, to string, confidence float64) Effect {
	key := stepKey{m.ID, from, to, confidence}
	e, known := s.known[key]
	if known {
		return e
	}
	arms, others := s.armsOf(to), s.armsOf(from)
	if len(arms) == 0 || len(others) == 0 {
		e = noEffect(m)
	} else {
		e = s.effect(s.of(m.ID), arms[0], others, confidence)
	}
	s.known[key] = e
	return e
}

// dominate finds the levels that another one dominates: it caught, fault by fault, all that they did, surely costs less of
// something, and surely costs no more of anything, or within DominationMargin. So many pairs are looked at that some would seem so by
// chance: the intervals that decide share the error rate among the pairs of levels of which one covers the other (Bonferroni), a
// number that does not depend on the toll. Within a pair nothing need be shared, since all of its intervals must agree.
func (s *steps) dominate(f *Frontier) {
	if f.By.ID == "" {
		return
	}
	var pairs [][2]int // the cheap one, the dear one
	for a := range f.Points {
		for b := range f.Points {
			if a != b && f.Points[a].Catch.Covers(f.Points[b].Catch) {
				pairs = append(pairs, [2]int{a, b})
			}
		}
	}
	each := 1 - (1-confidence)/float64(max(1, len(pairs)))
	for _, p := range pairs {
		cheap, dear := &f.Points[p[0]], &f.Points[p[1]]
		if f.cost(p[0]) > f.cost(p[1]) {
			continue // by the estimate alone it costs more
		}
		saves, unsure, worse := s.weigh(f.Metrics, cheap.Level, dear.Level, each)
		switch {
		case !saves || worse:
		case len(unsure) == 0:
			dear.DominatedBy = append(dear.DominatedBy, cheap.Level)
		default:
			dear.Rivals = append(dear.Rivals, Rival{cheap.Level, unsure})
		}
	}
	for i := range f.Points {
		if len(f.Points[i].DominatedBy) > 0 {
			f.Points[i].Rivals = nil
		}
	}
}

// weigh compares two levels in everything: whether the first surely costs less of something, of what it may cost more, and
// whether it surely costs more of something. A metric of which the run has no value is passed over.
func (s *steps) weigh(metrics []Metric, cheap, dear string, confidence float64) (saves bool, unsure []Metric, worse bool) {
	for _, m := range metrics {
		e := s.over(m, cheap, dear, confidence) // the dear one over the cheap one
		if e.Rounds == 0 {
			continue
		}
		of, least := e.Ratio, 1/(1+DominationMargin)-1
		if math.IsNaN(of.Mid) {
			of, least = e.Diff, 0
		}
		saves = saves || of.Lo > 0
		worse = worse || of.Hi < least
		if !(of.Lo >= least) { // NaN and an open end, too
			unsure = append(unsure, m)
		}
	}
	return saves, unsure, worse
}

// choices are the picks of all faults, and of each kind where there are several.
func (s *steps) choices(f *Frontier) []Choice {
	var groups []string
	for _, g := range f.Points[0].Catch.Groups {
		groups = append(groups, g.Group)
	}
	var out []Choice
	if all, has := s.choice(f, "", func(catch.Score) bool { return true }); has {
		out = append(out, all)
	}
	var kinds []Choice
	for _, group := range groups {
		if c, has := s.choice(f, group, func(of catch.Score) bool { return of.Group == group }); has && group != "" {
			kinds = append(kinds, c)
		}
	}
	if len(kinds) > 1 { // one alone is all of them
		out = append(out, kinds...)
	}
	return out
}

// choice is false where no fault of its kind was judged.
func (s *steps) choice(f *Frontier, group string, in func(catch.Score) bool) (Choice, bool) {
	c := Choice{Group: group}
	for i, score := range f.Points[0].Catch.Scores {
		if in(score) && slices.ContainsFunc(f.Points, func(p Point) bool { return p.Catch.Scores[i].Judged > 0 }) {
			c.Faults++
		}
	}
	c.Detects = s.pick(f, func(of catch.Score) bool { return in(of) && of.Judged > 0 && of.Detected == of.Judged })
	c.Diagnoses = s.pick(f, func(of catch.Score) bool { return in(of) && of.Judged > 0 && of.Diagnosed == of.Judged })
	if from, to := c.Detects.Level, c.Diagnoses.Level; from != "" && to != "" && from != to && len(f.Metrics) > 0 {
		c.Step = &Step{From: from, To: to}
		for _, m := range f.Metrics {
			c.Step.Costs = append(c.Step.Costs, s.over(m, from, to, confidence))
		}
	}
	return c, c.Faults > 0
}

// pick finds the cheapest of the levels that catch the most.
func (s *steps) pick(f *Frontier, caught func(catch.Score) bool) Pick {
	var out Pick
	for i := range f.Points[0].Catch.Scores {
		if slices.ContainsFunc(f.Points, func(p Point) bool { return caught(p.Catch.Scores[i]) }) {
			out.Any++
		}
	}
	counts := make([]int, len(f.Points))
	for i, p := range f.Points {
		for _, score := range p.Catch.Scores {
			if caught(score) {
				counts[i]++
			}
		}
	}
	if out.Caught = slices.Max(counts); out.Caught == 0 {
		return out
	}
	best := -1
	for i, n := range counts {
		if n == out.Caught && (best < 0 || f.cost(i) < f.cost(best)) {
			best = i
		}
	}
	out.Level = f.Points[best].Level
	for i, n := range counts {
		if i != best && n == out.Caught && f.By.ID != "" && !s.over(f.By, out.Level, f.Points[i].Level, confidence).Significant {
			out.Like = append(out.Like, f.Points[i].Level)
		}
	}
	return out
}
