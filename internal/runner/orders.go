package experiment

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Names of the control arms.
const (
	RepeatArm = "baseline-again"
	DelayArm  = "known-delay"
)

// tollArms are the arms of the toll phase: the baseline, its repetition, the known delay, and the other levels. Each is
// named after its level but for the two controls.
func (e *Experiment) tollArms() []result.Arm {
	base := e.Levels[0].Name
	arms := []result.Arm{
		{Name: base, Level: base, Role: result.RoleBaseline},
		{Name: RepeatArm, Level: base, Role: result.RoleRepeat},
		{Name: DelayArm, Level: base, Role: result.RoleKnownDelay, Delay: e.Toll.KnownDelay},
	}
	for _, l := range e.Levels[1:] {
		arms = append(arms, result.Arm{Name: l.Name, Level: l.Name, Role: result.RoleLevel})
	}
	return arms
}

// catchArms are the arms of the catch phase: one per level.
func (e *Experiment) catchArms() []result.Arm {
	arms := make([]result.Arm, len(e.Levels))
	for i, l := range e.Levels {
		arms[i] = result.Arm{Name: l.Name, Level: l.Name, Role: result.RoleLevel}
	}
	arms[0].Role = result.RoleBaseline
	return arms
}

// CatchArms are the arms of the catch phase, ready to be deployed: one per level.
func (e *Experiment) CatchArms() []testenv.ArmSpec {
	return e.specs(e.catchArms(), e.Telemetry.CatchMetricInterval)
}

// capacityArms are the arms of the capacity phase: those of the toll but for the known delay, which has no truth to tell here.
func (e *Experiment) capacityArms() []result.Arm {
	return slices.DeleteFunc(e.tollArms(), func(a result.Arm) bool { return a.Role == result.RoleKnownDelay })
}

// specs adds each arm's environment variables: those that are alike in every level, then the level's own.
func (e *Experiment) specs(arms []result.Arm, metricInterval time.Duration) []testenv.ArmSpec {
	levels := map[string]map[string]string{}
	for _, l := range e.Levels {
		levels[l.Name] = l.Env
	}
	specs := make([]testenv.ArmSpec, len(arms))
	for i, arm := range arms {
		env := map[string]string{
			"OTEL_BSP_SCHEDULE_DELAY":     milliseconds(e.Telemetry.BatchDelay),
			"OTEL_BLRP_SCHEDULE_DELAY":    milliseconds(e.Telemetry.BatchDelay),
			"OTEL_METRIC_EXPORT_INTERVAL": milliseconds(metricInterval),
		}
		maps.Copy(env, levels[arm.Level])
		specs[i] = testenv.ArmSpec{Arm: arm, Env: env}
	}
	return specs
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// orders returns the order of the arms in each of the rounds of all launches: rows of Williams squares, with the arms'
// numbers and the rows shuffled anew for each square. Within the rounds of a whole square every arm follows every other
// equally often; wholeSquare says how many rounds that takes. No arm follows itself from one round to the next.
//
// Source: E. J. Williams, Experimental designs balanced for the estimation of residual effects of treatments,
// Australian Journal of Scientific Research A 2 (1949).
func orders(rng *rand.Rand, arms, rounds int) [][]int {
	var out [][]int
	for len(out) < rounds {
		square := shuffled(rng, arms)
		for try := 0; try < 100 && repeats(out, square); try++ { // two arms cannot avoid it, others soon do
			square = shuffled(rng, arms)
		}
		out = append(out, square...)
	}
	return out[:rounds]
}

// shuffled is a Williams square with its rows and the numbers of the arms shuffled.
func shuffled(rng *rand.Rand, arms int) [][]int {
	square, label := williams(arms), rng.Perm(arms)
	rng.Shuffle(len(square), func(i, j int) { square[i], square[j] = square[j], square[i] })
	for _, row := range square {
		for i, arm := range row {
			row[i] = label[arm]
		}
	}
	return square
}

// repeats reports whether an arm would follow itself where one row meets the next.
func repeats(before, square [][]int) bool {
	last := -1
	if n := len(before); n > 0 {
		last = before[n-1][len(before[n-1])-1]
	}
	for _, row := range square {
		if row[0] == last {
			return true
		}
		last = row[len(row)-1]
	}
	return false
}

// wholeSquare is how many rounds a Williams square of the arms has.
func wholeSquare(arms int) int {
	if arms%2 == 1 {
		return 2 * arms
	}
	return arms
}

// williams is the square for n treatments: n rows for an even n, 2n for an odd one.
func williams(n int) [][]int {
	first := make([]int, n) // 0, 1, n−1, 2, n−2, …
	for i := 1; i < n; i++ {
		if i%2 == 1 {
			first[i] = (i + 1) / 2
		} else {
			first[i] = n - i/2
		}
	}
	var rows [][]int
	for shift := range n {
		row, mirror := make([]int, n), make([]int, n)
		for i, v := range first {
			row[i] = (v + shift) % n
			mirror[n-1-i] = row[i]
		}
		rows = append(rows, row)
		if n%2 == 1 {
			rows = append(rows, mirror)
		}
	}
	return rows
}
