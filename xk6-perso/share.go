package perso

import (
	"fmt"

	"go.k6.io/k6/v2/lib"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// maxParts is into how many parts the plan of a drive may be dealt out.
const maxParts = 10_000

// part is the part of a drive's plan that an iteration has: iteration k of all that the processes of a test make plays every
// parts-th journey, from the k-th on. Which process makes it is k6's affair, so N processes play what one would have played.
func (i *instance) part(parts int) (journey.Share, error) {
	if parts == 1 {
		return journey.Share{}, nil
	}
	const executor = "shared-iterations"
	state, scenario := i.vu.State(), lib.GetScenarioState(i.vu.Context())
	if scenario == nil || scenario.Executor != executor || state.GetScenarioGlobalVUIter == nil {
		return journey.Share{}, fmt.Errorf("perso: drive: parts: %d parts need a scenario with executor: '%s', vus: %[1]d, iterations: %[1]d: "+
			"its iterations are numbered over all processes", parts, executor)
	}
	k := state.GetScenarioGlobalVUIter() % uint64(parts)
	return journey.Share{Of: parts, Own: []int{int(k)}}, nil
}

// shareOf is which journeys of a source the calls of journey() in a process with an execution segment play. k6 deals out
// iterations in the same way, so processes whose iterations play one each play together what one process would have played.
func shareOf(o lib.Options) (journey.Share, error) {
	if o.ExecutionSegment == nil {
		return journey.Share{}, nil
	}
	tuple, err := lib.NewExecutionTuple(o.ExecutionSegment, o.ExecutionSegmentSequence)
	if err != nil {
		return journey.Share{}, err
	}
	start, gaps, of := tuple.GetStripedOffsets()
	s := journey.Share{Of: int(of)}
	for n, k := start, 0; n < of; k++ {
		s.Own = append(s.Own, int(n))
		n += gaps[k%len(gaps)]
	}
	return s, nil
}
