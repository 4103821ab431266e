package faults

import (
	"context"
	"fmt"
)

// Theirs is what is another about a fault in a system of the user's own, which has no services of ours: its texts and claims, and
// where they are named the levers, the injection and the probe. The service is always the one that the experiment names.
type Theirs struct {
	Title    string // as Fault.Title, and so on
	Felt     string
	Signs    map[string]int // nil: nothing is claimed of a system that we do not know
	Evidence *Evidence      // nil: no query of ours finds the cause there

	Levers []string // nil: those of the fault
	Inject func(ctx context.Context, site Site) (Injection, error)
	Probe  func(ctx context.Context, site Site) (Effect, error)
}

// InTheirs returns the fault as it is in a system of the user's own.
func (f Fault) InTheirs() Fault {
	t := f.Theirs
	if t == nil {
		return f
	}
	f.Title, f.Felt, f.Signs = f.Values.fill(t.Title), f.Values.fill(t.Felt), t.Signs
	f.Evidence = t.Evidence.fill(f.Values)
	if t.Levers != nil {
		f.Levers = t.Levers
	}
	if t.Inject != nil {
		f.Inject = t.Inject
	}
	if t.Probe != nil {
		f.Probe = t.Probe
	}
	return f
}

// probeAnswers is the Probe of what makes a service stand still.
func probeAnswers(ctx context.Context, site Site) (Effect, error) {
	answers, err := site.Arm.Answers(ctx, site.Service)
	if err != nil {
		return Effect{}, err
	}
	detail, value := "answers", 1.0
	if !answers {
		detail, value = "does not answer", 0
	}
	return Effect{
		Present: !answers, Gone: answers, Detail: fmt.Sprintf("%s %s", site.Service, detail), Values: map[string]float64{"answers": value},
	}, nil
}
