package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// servicePause: the processes of one service stand still, as in a long garbage collection, a stopped virtual machine or a
// frozen node. The service refuses nothing and does not crash: its callers wait.
func servicePause() Fault {
	const usual = role.Decision

	return Fault{
		ID:    "service-pause",
		Group: "process",
		Title: "the processes of one service stand still (" + usual + ", unless the experiment names another)",
		Felt:  "answers that do not come, time-outs, errors",
		Signs: map[string]int{"errors": 1, "p95": 1},
		Least: "off",
		Runbook: "The process is there and takes connections, and answers nothing. Look at its state (T in ps, or frozen), at the node's and the " +
			"hypervisor's events, and at garbage collection logs. Take it out of the load balancer before you restart it.",
		Levers:  []string{lever.Pause},
		Service: usual,
		Expect:  []string{"ServiceDown", "HighErrorRate"},
		Allow:   []string{"ClickThroughLow", "ConsumerLagHigh", "DefaultContentHigh", "EventAgeHigh", "FallbackSpansHigh", "PipelineBlind"},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.Pause, struct{}{})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
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
		},
	}
}
