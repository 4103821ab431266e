package runner

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// padVariable is read by nobody: its length moves the stacks of the processes that have it in their environment.
const padVariable = "TOLLGATE_PAD"

// mostPadding is the longest of its values, a page: what more moves, less has moved before.
const mostPadding = 4096

// vary is the set-up of one launch: the arms in a random order, each with an environment of a random size. What is deployed
// once has the luck of its addresses, of its place in memory and of who came first, and keeps it through all its rounds;
// deployed anew with another draw, that luck becomes noise, which launches average out and their spread shows. Ports need
// no draw: the system gives free ones, other ones each time.
//
// Source: T. Mytkowicz, A. Diwan, M. Hauswirth, P. F. Sweeney: Producing wrong data without doing anything obviously wrong,
// ASPLOS 2009.
func vary(rng *rand.Rand, arms []testenv.ArmSpec) []testenv.ArmSpec {
	varied := slices.Clone(arms)
	rng.Shuffle(len(varied), func(i, j int) { varied[i], varied[j] = varied[j], varied[i] })
	for i, arm := range varied {
		env := map[string]string{padVariable: strings.Repeat("-", rng.IntN(mostPadding))}
		for key, value := range arm.Env {
			env[key] = value
		}
		varied[i].Env = env
	}
	return varied
}

// inOrder are the deployed arms in the order of the specs before vary.
func inOrder(deployed []testenv.Arm, specs []testenv.ArmSpec) []testenv.Arm {
	out := make([]testenv.Arm, len(specs))
	for i, spec := range specs {
		at := slices.IndexFunc(deployed, func(a testenv.Arm) bool { return a.Name() == spec.Name })
		out[i] = deployed[at]
	}
	return out
}

// setUp is the set-up of a launch for its record.
func setUp(arms []testenv.ArmSpec) []result.SetUp {
	out := make([]result.SetUp, len(arms))
	for i, arm := range arms {
		out[i] = result.SetUp{Arm: arm.Name, Padding: len(arm.Env[padVariable])}
	}
	return out
}
