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

// mostPadding is the length of its longest value in bytes: a page, beyond which the same alignments come again.
const mostPadding = 4096

// vary is the set-up of one launch: the arms in a random order, each with an environment of a random size. An arm that is
// deployed once has some luck with its addresses, its place in memory and its turn, and keeps that luck through all its
// rounds. Where each launch draws anew, the luck becomes noise: the mean over launches lessens it and their spread shows it.
// Ports need no draw, since the system gives other free ones each time.
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

// inOrder are the deployed arms in the order that the specs had before vary.
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
