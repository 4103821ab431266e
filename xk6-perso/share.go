package perso

import (
	"go.k6.io/k6/v2/lib"

	"github.com/tollgate-dev/tollgate/internal/journey"
)

// shareOf is the part of a plan that a process with an execution segment has. k6 deals out iterations in the same way, so
// where each plays a journey, every process plays the journeys that one process would have played in the same iterations.
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
