package faults

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// cpuThrottle: a service gets too little of the CPU, as by a limit that was set too low. Containers have the kernel's quota, which
// holds up what needs more than it. Processes are stopped for the rest of every 100 ms, whatever they need: see
// testenv/process/throttle.go.
func cpuThrottle() Fault {
	const usual = role.Model

	return Fault{
		ID:    "cpu-throttle",
		Group: "process",
		Title: "one service gets {cores} cores: a quota for containers, stopped for the rest of every 100 ms as a process (" + usual +
			", unless the experiment names another)",
		Felt:  "slow pages; default content where the model is not waited for",
		Signs: map[string]int{"p95": 1},
		Least: "off",
		Params: []Param{
			{Name: "cores", Title: "share of one core; what a container does not use of it is no throttling", Default: 0.05, Least: 0.01, Most: 0.9, Falls: true},
		},
		Runbook: "Latency has steps of up to 100 ms, the period of a CPU quota, while the CPU use of the service is low and no " +
			"dependency is slow. Look at nr_throttled in cpu.stat of the control group, and raise or remove the limit. Without a " +
			"limit, look at the machine: steal time, and whoever else uses it.",
		Levers:  []string{lever.LimitCPU, lever.Stalls},
		Service: usual,
		Expect:  []string{"CPUThrottled", "ModelSlow", "DependencyLatencyHigh"},
		Allow: []string{
			"UserLatencyHigh", "ServiceLatencyHigh", "TailLatencyHigh", "LatencyBurn", "DependencyErrors",
			"DefaultContentHigh", "DefaultContentReason", "FallbackSpansHigh", "ClickThroughLow", "HighErrorRate",
			"ServiceDown", "ServiceErrorRateHigh", "AvailabilityBurn", "ErrorSpansRare",
		},
		Unseen:   true,
		Evidence: &Evidence{Signal: "metrics", Query: `rate(container_cpu_cfs_throttled_periods_total[5s]) > 1`},
		Inject: func(ctx context.Context, site Site) (Injection, error) {
			in := pull(site, site.Service, lever.LimitCPU, map[string]any{"cores": site.Values.Number("cores")})
			return in, in.Renew(ctx)
		},
		Probe: func(ctx context.Context, site Site) (Effect, error) {
			var s struct {
				Ran   float64 `json:"ran_ms"`
				Stood float64 `json:"stood_ms"`
			}
			if err := site.Arm.Ask(ctx, site.Service, lever.Stalls, struct{}{}, &s); err != nil {
				return Effect{}, err
			}
			whole, cores := s.Ran+s.Stood, site.Values.Number("cores")
			share := s.Ran / max(whole, 1)
			return Effect{
				Present: whole > 0 && share < cores+0.5*(1-cores),
				Gone:    whole > 0 && share > cores+0.75*(1-cores),
				Detail:  fmt.Sprintf("%s stood still for %.0f ms while it worked for %.0f ms", site.Service, s.Stood, s.Ran),
				Values:  map[string]float64{"ran_share": share},
			}, nil
		},
	}
}
