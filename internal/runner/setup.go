package runner

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
)

// padVariable is read by nobody: its length moves the stacks of the processes that have it in their environment.
const padVariable = "TOLLGATE_PAD"

// mostPadding is the length of its longest value in bytes: a page, beyond which the same alignments come again.
const mostPadding = 4096

// vary is the set-up of one launch: the arms in a random order, each with an environment of a random size; and which of the baseline
// and its repetition is deployed under the name of the other. An arm that is deployed once has some luck with its addresses, its
// name, its place in memory and its turn, and keeps that luck through all its rounds. Where each launch draws anew, the luck
// becomes noise: the mean over launches lessens it and their spread shows it. Ports need no draw, since the system gives other
// free ones each time.
//
// Source: T. Mytkowicz, A. Diwan, M. Hauswirth, P. F. Sweeney: Producing wrong data without doing anything obviously wrong,
// ASPLOS 2009.
func vary(rng *rand.Rand, arms []testenv.ArmSpec) (varied []testenv.ArmSpec, swapped bool) {
	swapped = rng.IntN(2) == 1
	varied = slices.Clone(arms)
	rng.Shuffle(len(varied), func(i, j int) { varied[i], varied[j] = varied[j], varied[i] })
	for i, arm := range varied {
		env := map[string]string{padVariable: strings.Repeat("-", rng.IntN(mostPadding))}
		for key, value := range arm.Env {
			env[key] = value
		}
		varied[i].Env = env
	}
	return varied, swapped
}

// twin is the name of the identical copy of an arm: that of the repetition for the baseline, and the other way round; "" for others.
func twin(arm string, arms []testenv.ArmSpec) string {
	roles := map[string]string{}
	own := ""
	for _, spec := range arms {
		roles[spec.Role] = spec.Name
		if spec.Name == arm {
			own = spec.Role
		}
	}
	switch own {
	case result.RoleBaseline:
		return roles[result.RoleRepeat]
	case result.RoleRepeat:
		return roles[result.RoleBaseline]
	}
	return ""
}

// renamed is an arm that is called otherwise than it was deployed.
type renamed struct {
	testenv.Arm
	name string
}

func (r renamed) Name() string { return r.name }

// deployedAs is the arm as it was deployed, which may be able to do more than a testenv.Arm.
func deployedAs(arm testenv.Arm) testenv.Arm {
	if r, is := arm.(renamed); is {
		return r.Arm
	}
	return arm
}

// swap calls the baseline by the name of its repetition, and the other way round.
func swap(deployed []testenv.Arm, specs []testenv.ArmSpec) []testenv.Arm {
	out := slices.Clone(deployed)
	for i, arm := range out {
		if other := twin(arm.Name(), specs); other != "" {
			out[i] = renamed{arm, other}
		}
	}
	return out
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
func setUp(arms []testenv.ArmSpec, swapped bool) []result.SetUp {
	out := make([]result.SetUp, len(arms))
	for i, arm := range arms {
		out[i] = result.SetUp{Arm: arm.Name, Padding: len(arm.Env[padVariable])}
		if other := twin(arm.Name, arms); swapped && other != "" {
			out[i].Arm, out[i].As = other, arm.Name
		}
	}
	return out
}
