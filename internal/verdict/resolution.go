package verdict

import (
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Resolution is how finely a toll is known by the launches that are over, at one metric.
type Resolution struct {
	Metric string
	Wanted float64 // half-width of the interval of a change, as a share of the baseline
	Has    float64 // the widest that a level or the repeated baseline has; +Inf: it cannot be told yet
	// Launches is about how many in all it takes to have what is wanted, if half-widths fall with the square root of their number; 0: it
	// cannot be told.
	Launches int
}

// Reached says that the toll is known as finely as wanted.
func (r Resolution) Reached() bool { return r.Has <= r.Wanted }

// Resolutions are what Plan.Resolve of a run wants, and what its launches so far have, in the order of EqualWithin. Only the widths of
// intervals decide when a toll is known finely enough, and not where they lie, so that it may be asked after every launch.
func Resolutions(d *result.Data) ([]Resolution, error) {
	m, err := measure(d)
	if err != nil {
		return nil, err
	}
	var out []Resolution
	for _, id := range EqualWithin() {
		wanted, is := d.Run.Plan.Resolve[id]
		if !is {
			continue
		}
		r := Resolution{Metric: id, Wanted: wanted, Has: math.Inf(1)}
		if m.complete() > 0 {
			r.Has = newTolls(m).widest(id)
		}
		if over := float64(m.over()); !math.IsInf(r.Has, 1) && over > 0 {
			r.Launches = int(math.Ceil(over * (r.Has / wanted) * (r.Has / wanted)))
		}
		out = append(out, r)
	}
	return out, nil
}

// widest is the widest half-width of the change of an arm at a metric, known delay aside, as a share of the baseline.
func (t *tolls) widest(id string) float64 {
	i := slices.IndexFunc(t.metrics, func(m metric) bool { return m.ID == id })
	if i < 0 || !t.has(t.metrics[i].needs...) {
		return math.Inf(1)
	}
	widest := 0.0
	for arm, of := range t.run.Arms {
		if arm == t.baseline || of.Role == result.RoleKnownDelay {
			continue
		}
		width := math.Inf(1)
		if e := t.ratio(i, arm, confidence); e.Finite() {
			width = (e.Hi - e.Lo) / 2
		}
		widest = max(widest, width)
	}
	return widest
}
