// Package runner carries out an experiment: it deploys the arms, measures the toll slot by slot, searches for the capacity,
// injects the faults, and writes the run directory.
package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Options are what a run needs besides its experiment.
type Options struct {
	Env      testenv.Environment
	Binary   string // tollgate itself, whose k6 makes the load
	Journeys string // where the journeys come from, for people
	VUs      int    // most turns of a script of the user's own that can be on at once, over all arms; 0: slot.DefaultVUs
	Out      string // the run directory; must not exist, or be empty
	Version  string
	Progress Progress
}

// ErrInterrupted is the cause to cancel a run's context with when the user asks for its end.
var ErrInterrupted = errors.New("interrupted")

// run is one execution of an experiment.
type run struct {
	*experiment.Experiment
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

// Run carries out a valid experiment. Once the run has begun, its directory holds what was measured, also after an error: a
// run that ends early is marked partial, with the reason. A run that is refused before it begins writes nothing.
func Run(ctx context.Context, e *experiment.Experiment, o Options) (begun bool, err error) {
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
	pack, err := r.LoadRules()
	if err != nil {
		return result.Run{}, err
	}
	r.lapsed = pack.Lapse(r.Alerts.Lapse, r.LeastWindow())
	if err := r.chooseFaults(); err != nil {
		return result.Run{}, err
	}
	if err := r.Env.Check(ctx, len(r.TollArms())); err != nil {
		return result.Run{}, err
	}
	return r.meta()
}

// chooseFaults divides the experiment's faults into those that the environment can inject and those that are skipped. It
// names each skipped one with the reason.
func (r *run) chooseFaults() error {
	for _, id := range r.Faults {
		f, err := faults.Lookup(id)
		if err != nil {
			return err
		}
		if err := r.Env.Supports(f.ID, f.Uses(r.Target(f.ID))); err != nil {
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
	return nil
}

// carryOut measures the toll, then the capacity, then the catch.
func (r *run) carryOut(ctx context.Context) (err error) {
	if r.log, err = os.Create(r.dir.Path("processes.log")); err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	if err := os.WriteFile(r.rulesFile(), r.lapsed.Text, 0o644); err != nil {
		return fmt.Errorf("runner: %w", err)
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

// rulesFile is where the rules are kept as they are evaluated.
func (r *run) rulesFile() string { return r.dir.Path("rules.yaml") }

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

// startGenerator starts k6 with the measuring script. If k6 ends early, lost cancels the run's context.
func (r *run) startGenerator(lost context.CancelCauseFunc) error {
	script := r.dir.Path("measure.js")
	text, err := r.measure()
	if err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	if err := os.WriteFile(script, text, 0o644); err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	generator, err := child.Start(child.Spec{
		Name: "load generator (k6)", Path: r.Binary, Env: child.Environ(r.handed().Environ()), Log: r.log,
		Args: []string{"k6", "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", "--address=", script},
	})
	if err != nil {
		return fmt.Errorf("runner: %w", err)
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

// handed is what the load generator is told when it starts.
func (r *run) handed() slot.Generator {
	j := r.Experiment.Journeys
	return slot.Generator{
		Conductor: r.conductor.url(), Token: r.conductor.token, Record: absolute(r.dir.Path(result.LatencyFile)),
		Seed: r.Seed, Users: j.Users, Items: j.Items, Journeys: absolute(j.File), Speed: j.Speed, Timeout: experiment.ClientTimeout,
		VUs: cmp.Or(r.VUs, slot.DefaultVUs), BaseURL: slot.NoBaseURL,
	}
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
