package verdict

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// recorded is how much the launches of a comparison differ in a count, beyond what their rounds explain, as far as one launch can know: the
// standard deviation that identical copies of our own stack have shown over many launches (metric.copies), or what the baseline and its
// repetition show in this one where that is more. It is in the unit of the values, or a share where they are logarithms. 0: not known, as
// of times, of other systems, and where there are more launches, which tell it themselves.
func (t *tolls) recorded(metric, arm int, others []int, kind string) float64 {
	share := t.metrics[metric].copies
	if share == 0 || len(t.launches) != 1 || t.run.Environment != ourProcesses {
		return 0
	}
	values := func(arm int) float64 { return stat.Mean(slices.Concat(t.series[metric].values[arm]...), nil) }
	if t.repeat >= 0 && values(t.baseline) > 0 && values(t.repeat) > 0 {
		share = max(share, math.Abs(math.Log(values(t.repeat)/values(t.baseline)))/math.Sqrt2)
	}
	own, refs := 1.0, 1.0
	if kind == difference {
		own, refs = values(arm), 0
		for _, other := range others {
			refs += values(other) * values(other) / float64(len(others))
		}
		refs = math.Sqrt(refs)
	}
	return share * math.Sqrt(own*own+refs*refs/float64(len(others)))
}

// ourProcesses is the environment in which metric.copies was measured.
const ourProcesses = "process"
