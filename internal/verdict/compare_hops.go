package verdict

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// HopDifference is one hop in both runs: see Hop.
type HopDifference struct {
	Name    string // as the answers name it; "" when Outside
	Outside bool
	Levels  []LevelDifference // its median and 95th percentile; significant is a difference of Diff whose interval excludes 0
	Note    string            // what makes its numbers doubtful; "" if nothing does
}

// hopDifferences are the hops that the answers of both runs name, in the order of A. What is compared is by how much longer than at
// the baseline of its own run a hop takes at a level, in seconds: a part of a time that a level does not touch would make every
// ratio small.
func hopDifferences(levels []string, a, b *Analysis) []HopDifference {
	var out []HopDifference
	for _, x := range a.Hops {
		i := slices.IndexFunc(b.Hops, func(y Hop) bool { return y.Name == x.Name && y.Outside == x.Outside })
		if i < 0 {
			continue
		}
		y := b.Hops[i]
		d := HopDifference{Name: x.Name, Outside: x.Outside, Note: inRuns(x.Note, y.Note)}
		for _, level := range levels {
			l := LevelDifference{Level: level}
			for _, of := range x.Baseline {
				m := Difference{Metric: of.Metric, A: effectAt(x.Toll, level, of.Metric), B: effectAt(y.Toll, level, of.Metric)}
				m.Note, m.A.Note, m.B.Note = inRuns(m.A.Note, m.B.Note), "", ""
				m.subtract()
				m.Significant = stats.Interval(m.Diff).Excludes(0)
				l.Metrics = append(l.Metrics, m)
			}
			d.Levels = append(d.Levels, l)
		}
		out = append(out, d)
	}
	return out
}

// hopNames are those of a run, for what only one of two has.
func hopNames(hops []Hop) []string {
	var out []string
	for _, h := range hops {
		if !h.Outside {
			out = append(out, h.Name)
		}
	}
	return out
}
