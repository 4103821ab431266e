package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// Options are what a run needs besides its experiment.
type Options struct {
	Env      testenv.Environment
	Binary   string // tollgate itself, whose k6 makes the load
	Journeys string // where the journeys come from, for people
	Out      string // the run directory; must not exist, or be empty
	Version  string
	Progress Progress
}

// ErrInterrupted is the cause to cancel a run's context with when the user asks for its end.
var ErrInterrupted = errors.New("interrupted")

// run is one execution of an experiment.
type run struct {
	*Experiment
	Options
	dir       *result.Writer
	log       *os.File // of all children
	conductor *conductor
	generator *child.Process
	lapsed    *alerts.Lapsed
	faults    []faults.Fault
	skipped   []skipped
	launched  int // launches so far: the number of the next one
}

// skipped is a fault that the environment cannot inject, and why.
type skipped struct {
	faults.Fault
	reason string
}

// Run carries out a valid experiment. Once begun, the run directory holds what was measured, whatever the error: a run
// that ends early is marked partial with the reason. What is refused before has begun nothing and written nothing.
func Run(ctx context.Context, e *Experiment, o Options) (begun bool, err error) {
	r := &run{Experiment: e, Options: o}
	meta, err := r.prepare(ctx)
	if err != nil {
		return false, err
	}
	if r.dir, err = result.Create(o.Out, meta); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.finish(err)) }()
	return true, r.carryOut(ctx)
}

// prepare checks what can be checked before anything starts, and returns run.json as far as it is known.
func (r *run) prepare(ctx context.Context) (result.Run, error) {
	pack, err := r.loadRules()
	if err != nil {
		return result.Run{}, err
	}
	// A window holds at least three samples, of whichever source is slower.
	r.lapsed = pack.Lapse(r.Alerts.Lapse, 3*max(r.Telemetry.ScrapeInterval, r.Telemetry.CatchMetricInterval))
	for _, id := range r.Faults {
		f, err := faults.Lookup(id)
		if err != nil {
			return result.Run{}, err
		}
		if err := r.Env.Supports(f.ID, f.Uses); err != nil {
			r.Progress.Begin("fault "+f.ID, 0, f.Title)
			r.Progress.End("skipped: " + err.Error())
			r.skipped = append(r.skipped, skipped{f, err.Error()})
			continue
		}
		if own, ok := r.Alerts.Expect[id]; ok {
			f.Expect = own
		}
		r.faults = append(r.faults, f)
	}
	if err := r.Env.Check(ctx, len(r.tollArms())); err != nil {
		return result.Run{}, err
	}
	return r.meta()
}

// carryOut measures the toll, then the capacity, then the catch.
func (r *run) carryOut(ctx context.Context) (err error) {
	if r.log, err = os.Create(r.dir.Path("processes.log")); err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	if err := os.WriteFile(r.rulesFile(), r.lapsed.Text, 0o644); err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	if r.conductor, err = newConductor(); err != nil {
		return err
	}
	defer r.conductor.close()
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	if err := r.startGenerator(lost); err != nil {
		return err
	}
	defer r.stopGenerator()
	if err := r.toll(ctx); err != nil {
		return err
	}
	if err := r.capacity(ctx); err != nil {
		return err
	}
	return r.catch(ctx)
}

// loadRules reads the experiment's rules, the shipped ones unless it names others.
func (e *Experiment) loadRules() (*alerts.Pack, error) {
	if e.Alerts.Rules == "" {
		return alerts.Load("the shipped rules", rules.Pack)
	}
	text, err := os.ReadFile(e.Alerts.Rules)
	if err != nil {
		return nil, err
	}
	return alerts.Load(e.Alerts.Rules, text)
}

// rulesFile is where the rules are kept as they are evaluated.
func (r *run) rulesFile() string { return r.dir.Path("rules.yaml") }

// meta is run.json as far as it is known beforehand.
func (r *run) meta() (result.Run, error) {
	text, err := r.Text()
	if err != nil {
		return result.Run{}, err
	}
	now := time.Now()
	meta := result.Run{
		ID:      now.UTC().Format("20060102-150405") + "-" + r.Profile,
		Started: now, Tool: tool(r.Version), Machine: machine(), Environment: r.Env.Name(),
		Profile: r.Profile, Experiment: text, Seed: r.Seed, Journeys: r.Options.Journeys,
		Budgets: r.Budgets, Arms: r.tollArms(), Lapse: r.Alerts.Lapse, Alerts: r.lapsed.Alerts, Warnings: append(r.planWarnings(), r.lapsed.Notes...),
		Plan: result.Plan{
			Launches: r.Toll.Launches, Rounds: r.Toll.Rounds, Slot: r.Toll.Slot, Washout: r.Toll.Washout,
			Rate: r.Toll.Rate, CatchRate: r.Catch.Rate, ClientTimeout: clientTimeout, Looks: r.looks(), EqualWithin: r.Toll.EqualWithin,
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
	if r.Experiment.Journeys.Script != "" {
		meta.Plan.Step = cmp.Or(r.Experiment.Journeys.Step, slot.AnyStep)
	}
	if changed, ok := r.Env.(interface{ Notes() []string }); ok {
		meta.Warnings = append(meta.Warnings, changed.Notes()...)
	}
	for i := range meta.Alerts {
		meta.Alerts[i].LeastDetect = alerts.LeastDetect(meta.Alerts[i], r.slowestGroup())
	}
	for _, l := range r.Levels {
		meta.Levels = append(meta.Levels, result.Level{Name: l.Name, Title: l.Title, Env: Redact(l.Env)})
	}
	for _, f := range r.faults {
		meta.Faults = append(meta.Faults, entry(f, ""))
	}
	for _, s := range r.skipped {
		meta.Faults = append(meta.Faults, entry(s.Fault, s.reason))
	}
	return meta, nil
}

// entry is a catalogue entry as the run directory has it.
func entry(f faults.Fault, skipped string) result.Fault {
	return result.Fault{
		ID: f.ID, Title: f.Title, Felt: f.Felt, Expect: f.Expect, Allow: f.Allow, Evidence: f.Evidence.String(), Skipped: skipped,
	}
}

// planWarnings says what the sizes of the plan give up.
func (r *run) planWarnings() []string {
	rounds, square := r.Toll.Launches*r.Toll.Rounds, wholeSquare(len(r.tollArms()))
	if rounds%square == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d rounds of %d arms are no multiple of %d: not every arm follows every other equally often",
		rounds, len(r.tollArms()), square)}
}

// tool says what is running and which libraries shape what it finds.
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

// finish closes the run directory with the status that err calls for.
func (r *run) finish(err error) error {
	update := r.dir.Update(func(m *result.Run) {
		m.Ended, m.Status = time.Now(), result.Complete
		if err != nil {
			m.Status, m.Reason = result.Partial, err.Error()
		}
	})
	errs := []error{update, r.dir.Close()}
	if r.log != nil {
		errs = append(errs, r.log.Close())
	}
	return errors.Join(errs...)
}

// clientTimeout is how long the load generator waits for an answer.
const clientTimeout = 5 * time.Second

// startGenerator starts k6 with the measuring script; should it end early, the run's context is cancelled.
func (r *run) startGenerator(lost context.CancelCauseFunc) error {
	script := r.dir.Path("measure.js")
	text, err := r.measure()
	if err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	if err := os.WriteFile(script, text, 0o644); err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	env := child.Environ(map[string]string{
		slot.EnvConductor: r.conductor.url(),
		slot.EnvToken:     r.conductor.token,
		slot.EnvRecord:    absolute(r.dir.Path(result.LatencyFile)),
		slot.EnvBaseURL:   slot.NoBaseURL, // until a turn of a script of the user's own

		// What measure.js reads.
		"TOLLGATE_SEED":     strconv.FormatInt(r.Seed, 10),
		"TOLLGATE_USERS":    strconv.Itoa(r.Experiment.Journeys.Users),
		"TOLLGATE_ITEMS":    strconv.Itoa(r.Experiment.Journeys.Items),
		"TOLLGATE_JOURNEYS": absolute(r.Experiment.Journeys.File),
		"TOLLGATE_SPEED":    strconv.FormatFloat(r.Experiment.Journeys.Speed, 'g', -1, 64),
		"TOLLGATE_TIMEOUT":  clientTimeout.String(),
	})
	generator, err := child.Start(child.Spec{
		Name: "load generator (k6)", Path: r.Binary, Env: env, Log: r.log,
		Args: []string{"k6", "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", "--address=", script},
	})
	if err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	r.generator = generator
	go func() { // ends with the child, which stopGenerator waits for
		<-r.generator.Done()
		if !r.generator.Stopping() {
			lost(r.generator.Lost())
		}
	}()
	return nil
}

// measure is what the load generator executes: our journeys, or a script of the user's own.
func (r *run) measure() ([]byte, error) {
	if own := r.Experiment.Journeys.Script; own != "" {
		return scenarios.Script(absolute(own))
	}
	return scenarios.Scripts.ReadFile(scenarios.Measure)
}

func (r *run) stopGenerator() {
	r.conductor.finish()
	r.generator.Stop(10 * time.Second)
}
