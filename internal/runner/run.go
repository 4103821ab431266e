// Package runner carries out an experiment: it deploys the arms, measures the toll slot by slot, searches for the capacity,
// injects the faults, and writes the run directory.
package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Options are what a run needs besides its experiment.
type Options struct {
	Env      testenv.Environment
	Binary   string // tollgate itself, whose k6 makes the load; absolute
	Load     Load
	Out      string // the run directory; must not exist, or be empty
	Version  string
	Progress Progress
}

// Load is what is known of the load before a run.
type Load struct {
	Journeys string         // where the journeys come from, for people
	Forecast *slot.Forecast // of the toll; nil: none was made
	Warnings []string       // about load of other phases
}

// ErrInterrupted is the cause to cancel a run's context with when the user asks for its end.
var ErrInterrupted = errors.New("interrupted")

// errCrashed is why a run has ended that did not return.
var errCrashed = errors.New("tollgate crashed")

// logFile has what all children log, in the run directory.
const logFile = "processes.log"

// run is one execution of an experiment.
type run struct {
	*experiment.Experiment
	Options
	id        string // of the run
	dir       *result.Writer
	log       *os.File // of all children
	reserved  *os.File // room for the reports
	conductor *conductor
	generator *child.Process
	lapsed    *alerts.Lapsed
	faults    []faults.Fault
	skipped   []skipped
	launched  int    // launches so far: the number of the next one
	reached   bool   // what toll.resolve wants, after the launch before
	doubt     string // of the look before, see doubt
	stages    *stages
	tellAgain time.Time        // when the toll so far may be told again; zero: it never was
	now       func() time.Time // time.Now, with its reading of the monotonic clock
}

// skipped is a fault that the environment cannot inject, and why.
type skipped struct {
	faults.Fault
	reason string
}

// Run carries out a valid experiment. Once the run has begun, its directory holds what was measured, also after an error: a
// run that ends early is marked partial, with the reason. A run that is refused before it begins writes nothing.
func Run(ctx context.Context, e *experiment.Experiment, o Options) (begun bool, err error) {
	return begin(ctx, e, o, (*run).phases)
}

// begin is Run with what is measured.
func begin(ctx context.Context, e *experiment.Experiment, o Options, measure func(*run, context.Context) error) (begun bool, err error) {
	r := &run{Experiment: e, Options: o, stages: &stages{Progress: o.Progress}, now: time.Now}
	r.Progress = r.stages
	meta, err := r.prepare(ctx)
	if err != nil {
		return false, err
	}
	r.id = meta.ID
	if r.dir, err = result.Create(o.Out, meta); err != nil {
		return false, files.Explain(o.Out, err)
	}
	err = errCrashed // what finish sees after a panic
	defer func() {
		err = files.Explain(o.Out, err)
		err = files.Explain(o.Out, errors.Join(err, r.finish(err)))
	}()
	return true, r.carryOut(ctx, measure)
}

// prepare checks what can be checked before anything starts, and returns run.json as far as it is known.
func (r *run) prepare(ctx context.Context) (result.Run, error) {
	var err error
	if r.lapsed, err = r.Lapse(); err != nil {
		return result.Run{}, err
	}
	if err := r.chooseFaults(); err != nil {
		return result.Run{}, err
	}
	if err := r.checkSweep(); err != nil {
		return result.Run{}, err
	}
	for _, f := range r.Foresee(r.lapsed, r.faults) {
		r.Progress.Begin("alert "+f.Alert, 0, "cannot notice "+f.Fault)
		r.Progress.End(f.Why)
	}
	if err := r.checkRoom(); err != nil {
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
		f, err := r.Fault(id, r.lapsed.Alerts)
		if err != nil {
			return err
		}
		if err := r.Env.Supports(f.ID, f.Uses(r.Target(f.ID))); err != nil {
			r.Progress.Begin("fault "+f.ID, 0, f.Title)
			r.Progress.End("skipped: " + err.Error())
			r.skipped = append(r.skipped, skipped{f, err.Error()})
			continue
		}
		r.faults = append(r.faults, f)
	}
	return nil
}

// carryOut has a load generator, and measures.
func (r *run) carryOut(ctx context.Context, measure func(*run, context.Context) error) (err error) {
	if r.log, err = files.New(r.dir.Path(logFile)); err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	if r.reserved, err = reserve(r.dir.Path("reserved")); err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	if err := files.Write(r.rulesFile(), r.lapsed.Text); err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	if r.conductor, err = newConductor(); err != nil {
		return err
	}
	defer r.conductor.close()
	ctx, lost := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { r.watchRoom(ctx, lost) })
	defer watching.Wait()
	defer lost(nil)
	if err := r.startGenerator(lost); err != nil {
		return err
	}
	defer r.stopGenerator()
	if err := r.loadScript(ctx); err != nil { // before anything is deployed
		return err
	}
	return measure(r, ctx)
}

// phases measures the toll, then the capacity, then the catch.
func (r *run) phases(ctx context.Context) error {
	stop := r.noteSteps(ctx)
	err := r.toll(ctx)
	if err == nil {
		err = r.capacity(ctx)
	}
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	return r.catch(ctx)
}

// rulesFile is where the rules are kept as they are evaluated.
func (r *run) rulesFile() string { return r.dir.Path("rules.yaml") }

// finish seals the run directory with the status that err calls for.
func (r *run) finish(err error) error {
	if r.reserved != nil {
		_ = r.reserved.Close() // it has nothing that could be lost
	}
	errs := []error{r.dir.Finish(func(m *result.Run) {
		m.Ended, m.Status = m.Started.Add(time.Since(m.Started)), result.Complete // as long after the start as it was, also if the clock was set
		if err != nil {
			m.Status, m.Reason = result.Partial, err.Error()
		}
	})}
	if r.log != nil {
		errs = append(errs, r.log.Close())
	}
	return errors.Join(errs...)
}
