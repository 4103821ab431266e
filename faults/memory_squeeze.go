package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// memorySqueeze: a service has less memory than it needs. The kernel kills it as soon as it has used up its limit, a supervisor
// starts it again, and so on. What a run does is just that, the kill and the start: a real limit of the kernel's hits at another
// moment in every arm, and processes have no control groups of their own.
func memorySqueeze() Fault {
	const usual = role.Model

	return Fault{
		ID:    "memory-squeeze",
		Group: "process",
		Title: "one service is killed every {every} as by the kernel when memory is short, and started again (" + usual +
			", unless the experiment names another)",
		Felt:  "errors and default content for moments, again and again",
		Signs: map[string]int{"default": 1},
		Least: "off",
		Params: []Param{
			{Name: "every", Title: "from one kill to the next; kept to within two seconds", Unit: "s", Default: 5, Least: 4, Most: 60, Falls: true},
		},
		Runbook: "The service answers, and yet its counters fall to 0 every few seconds: look at its start time and at how it " +
			"ended (exit code 137, OOMKilled, the kernel's log). Raise the memory limit first, then look for what has grown: " +
			"compare resident memory with the limit over the last days, and with the last release.",
		Levers:  []string{lever.Restart, lever.Uptime},
		Service: usual,
		Expect:  []string{"ServiceRestarted", "ServiceDown"},
		Allow: []string{
			"HighErrorRate", "ServiceErrorRateHigh", "AvailabilityBurn", "UserLatencyHigh", "ServiceLatencyHigh", "TailLatencyHigh", "LatencyBurn",
			"DependencyErrors", "DependencyLatencyHigh", "RetriesHigh", "ModelSlow", "DefaultContentHigh", "DefaultContentReason",
			"FallbackSpansHigh", "ProducerErrors", // what it was about to send is lost with it
			"ErrorSpansRare", "ClickThroughLow", "ConsumerLagHigh", "EventAgeHigh", "ConsumerGroupEmpty", "MetricVanished", "TracesBroken",
		},
		Evidence: &Evidence{Signal: "logs", Match: map[string]string{"perso.lifecycle": "started"}},
		Inject:   killAgain,
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			answers, err := site.Arm.Answers(ctx, site.Service)
			if err != nil || !answers {
				return Effect{Detail: site.Service + " does not answer"}, err
			}
			var up struct{ Seconds float64 }
			if err := site.Arm.Ask(ctx, site.Service, lever.Uptime, struct{}{}, &up); err != nil {
				return Effect{Detail: fmt.Sprintf("%s does not say how long it has been there: %v", site.Service, err)}, ctx.Err()
			}
			return Effect{
				Present: up.Seconds < site.Values.Number("every")+2,
				Gone:    true, // it answers: nothing is left of a kill once the next process is ready
				Detail:  fmt.Sprintf("%s was started %.1f s ago", site.Service, up.Seconds),
				Values:  map[string]float64{"uptime_seconds": up.Seconds},
			}, nil
		},
		Theirs: &Theirs{
			Title:  "a service gets hardly more memory than it uses, and is killed every {every} and started again",
			Felt:   "errors for moments, again and again",
			Levers: []string{lever.Restart, lever.Uptime, lever.LimitMemory},
			Inject: squeeze,
			Probe:  probeStart,
		},
	}
}

// killAgain kills a service and starts it again, every so often.
func killAgain(ctx context.Context, site Site) (Injection, error) {
	in := pull(site, site.Service, lever.Restart, struct{}{})
	kill, killed := in.Renew, time.Now()
	in.Renew = func(ctx context.Context) error { // the lever acts once: it is let go of, and pulled again
		if err := in.Heal(ctx); err != nil || time.Since(killed) < site.Values.Seconds("every") {
			return err
		}
		killed = time.Now()
		return kill(ctx)
	}
	return in, kill(ctx)
}

// room is what a squeezed container may use beyond what it uses at the beginning, as a share of that.
const room = 0.05

// squeeze sets a real limit besides, where an engine can take it back. What the kernel kills because of it starts again with the
// next kill of ours, as a supervisor would start it.
func squeeze(ctx context.Context, site Site) (Injection, error) {
	limit := pull(site, site.Service, lever.LimitMemory, map[string]any{"room": room})
	both := Injection{Heal: limit.Heal}
	if err := limit.Renew(ctx); err != nil {
		return both, err
	}
	kills, err := killAgain(ctx, site)
	both.Renew = func(ctx context.Context) error { return errors.Join(limit.Renew(ctx), kills.Renew(ctx)) }
	both.Heal = func(ctx context.Context) error { return errors.Join(kills.Heal(ctx), limit.Heal(ctx)) }
	return both, err
}

// probeStart is Fault.Probe where an engine says when a service was started, also while it has too little memory to answer.
func probeStart(ctx context.Context, site Site) (Effect, error) {
	answers, err := site.Arm.Answers(ctx, site.Service)
	if err != nil {
		return Effect{}, err
	}
	var up struct{ Seconds float64 }
	if err := site.Arm.Ask(ctx, site.Service, lever.Uptime, struct{}{}, &up); err != nil {
		return Effect{Detail: fmt.Sprintf("%s does not say how long it has been there: %v", site.Service, err)}, ctx.Err()
	}
	return Effect{
		Present: up.Seconds < site.Values.Number("every")+2,
		Gone:    answers,
		Detail:  fmt.Sprintf("%s was started %.1f s ago", site.Service, up.Seconds),
		Values:  map[string]float64{"uptime_seconds": up.Seconds},
	}, nil
}
