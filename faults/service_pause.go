package faults

import (
	"cmp"
	"context"
	"fmt"
)

// servicePause: the processes of one service stand still, as in a long garbage collection, a stopped virtual machine or a
// frozen node. Nothing is refused and nothing crashes: whoever asks waits.
func servicePause() Fault {
	const usual = "decision"
	service := func(site Site) string { return cmp.Or(site.Service, usual) }

	return Fault{
		ID:       "service-pause",
		Title:    "the processes of one service stand still (" + usual + ", unless the experiment names another)",
		Perturbs: "a process or container",
		Felt:     "answers that do not come, time-outs, errors",
		Least:    "off",
		Uses:     []string{usual + "/pause"},
		Expect:   []string{"ServiceDown", "HighErrorRate"},
		Allow:    []string{"ClickThroughLow", "ConsumerLagHigh", "DefaultContentHigh", "EventAgeHigh", "FallbackSpansHigh", "PipelineBlind"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := control(site, service(site), "pause", struct{}{})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			answers, err := site.Arm.Answers(ctx, service(site))
			if err != nil {
				return Effect{}, err
			}
			detail, value := "answers", 1.0
			if !answers {
				detail, value = "does not answer", 0
			}
			return Effect{
				Present: !answers, Gone: answers, Detail: fmt.Sprintf("%s %s", service(site), detail), Values: map[string]float64{"answers": value},
			}, nil
		},
	}
}
