package runner

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/machine"
)

// meta is run.json as far as it is known beforehand.
func (r *run) meta() (result.Run, error) {
	text, err := r.Text()
	if err != nil {
		return result.Run{}, err
	}
	now := time.Now()
	meta := result.Run{
		ID:      now.UTC().Format("20060102-150405") + "-" + r.Profile,
		Started: now, Tool: tool(r.Version), Machine: machine.Here(), Environment: r.Env.Name(),
		Profile: r.Profile, Experiment: text, Seed: r.Seed, Journeys: r.Load.Journeys,
		Budgets: r.Budgets, Waivers: r.Waivers, Arms: r.TollArms(), Lapse: r.Alerts.Lapse, Alerts: r.lapsed.Alerts, Warnings: slices.Concat(r.planWarnings(), r.Notes(), r.Load.Warnings, r.lapsed.Read), RuleNotes: r.lapsed.Notes,
		Plan: result.Plan{
			Launches: r.Toll.Launches, Rounds: r.Toll.Rounds, Slot: r.Toll.Slot, Slice: r.Slice(), Washout: r.washout(),
			Rate: r.Toll.Rate, CatchRate: r.Catch.Rate, Hold: r.Catch.Hold, ClientTimeout: experiment.ClientTimeout, Looks: r.Looks(), EqualWithin: r.Toll.EqualWithin,
			Resolve: r.Toll.Resolve, AtMost: r.atMost(),
			GapLimit: r.Experiment.Journeys.GapLimit, Forecast: r.Load.Forecast, CPUProfile: r.Toll.CPUProfile,
		},
	}
	if r.Capacity.Launches > 0 {
		meta.Plan.Capacity = &result.CapacityPlan{
			Launches: r.Capacity.Launches, Rounds: r.Capacity.Rounds, Slot: r.Capacity.Slot, Washout: r.Capacity.Washout,
			SLOP99: r.Capacity.SLOP99, SLOShare: r.Capacity.SLOShare, Max: r.Capacity.Max,
		}
	}
	if r.Prices != (result.Prices{}) {
		meta.Prices = &r.Prices
	}
	meta.Plan.Step = r.step()
	if changed, ok := r.Env.(interface{ Notes() []string }); ok {
		meta.Warnings = append(meta.Warnings, changed.Notes()...)
	}
	meta.Warnings = append(meta.Warnings, r.RuleWarnings(r.lapsed, r.faults)...)
	if launches := r.CatchLaunches(); len(launches) > 1 && len(r.faults) > 0 {
		meta.CatchLaunches = launches
	}
	for _, l := range r.Levels {
		meta.Levels = append(meta.Levels, result.Level{Name: l.Name, Title: l.Title, Env: r.Public(l.Env)})
	}
	var swept faults.Fault
	if meta.Sweep, swept, err = r.Swept(); err != nil {
		return result.Run{}, err
	}
	for _, p := range r.Passes(r.faults) {
		at := slices.IndexFunc(meta.Faults, func(f result.Fault) bool { return f.ID == p.Fault.ID })
		if at < 0 {
			f := p.Fault
			if meta.Sweep != nil && f.ID == meta.Sweep.Fault { // all its passes, and not the first
				expect := f.Expect
				f = swept
				f.Expect = expect
			}
			meta.Faults = append(meta.Faults, entry(f, ""))
			continue
		}
		meta.Faults[at].Passes = p.Nth + 1
	}
	for i := range meta.Faults {
		if r.Catch.Launches > 1 {
			meta.Faults[i].Passes = max(1, meta.Faults[i].Passes) * r.Catch.Launches
		}
	}
	for _, s := range r.skipped {
		meta.Faults = append(meta.Faults, entry(s.Fault, s.reason))
	}
	return meta, nil
}

// entry is a catalogue entry as the run directory has it.
func entry(f faults.Fault, skipped string) result.Fault {
	params := map[string]string{}
	for name, value := range f.Values {
		params[name] = value.String()
	}
	return result.Fault{
		ID: f.ID, Group: f.Group, Params: params, Title: f.Title, Felt: f.Felt, Signs: f.Signs,
		Expect: f.Expect, Allow: f.Allow, Evidence: f.Evidence.String(), Skipped: skipped,
	}
}

// planWarnings says what a plan of these sizes cannot balance.
func (r *run) planWarnings() []string {
	rounds, square := r.Toll.Launches*r.Toll.Rounds*r.Slices(), wholeSquare(len(r.TollArms()))
	if rounds%square == 0 {
		return nil
	}
	what := "rounds"
	if r.Slice() > 0 {
		what = "slices"
	}
	return []string{fmt.Sprintf("%d %s of %d arms are no multiple of %d: not every arm follows every other equally often",
		rounds, what, len(r.TollArms()), square)}
}

// tool says what is running, and the versions of the libraries that shape its results.
func tool(version string) result.Tool {
	t := result.Tool{Version: version, Go: runtime.Version(), Modules: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return t
	}
	shaping := map[string]bool{
		"go.k6.io/k6/v2": true, "github.com/prometheus/prometheus": true, "go.opentelemetry.io/otel/sdk": true,
		"go.opentelemetry.io/collector/otelcol": true, "github.com/HdrHistogram/hdrhistogram-go": true,
		"github.com/twmb/franz-go": true, "github.com/redis/go-redis/v9": true,
	}
	for _, m := range info.Deps {
		if shaping[m.Path] {
			t.Modules[m.Path] = m.Version
		}
	}
	return t
}

// step is the step of a script of the user's own whose latency is the toll; "" for journeys of ours.
func (r *run) step() string {
	if r.Experiment.Journeys.Script == "" {
		return ""
	}
	return cmp.Or(r.Experiment.Journeys.Step, slot.AnyStep)
}
