package runner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/core/wrapper"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
)

// startGenerator starts k6 with the measuring script. If k6 ends early, lost cancels the run's context.
//
// k6 reads the script from its standard input: relative paths start at its working directory then, for everything that opens a
// file, and that is the directory of a script of the user's own. The run directory has a copy of the script.
func (r *run) startGenerator(lost context.CancelCauseFunc) error {
	text, err := r.measure()
	if err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	if err := files.Write(r.dir.Path("measure.js"), text); err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	g, err := r.handed()
	if err != nil {
		return err
	}
	dir, env := "", g.Environ()
	env["K6_AUTO_EXTENSION_RESOLUTION"] = "false" // else a script that imports an unknown extension is run by a k6 that k6 fetches
	if own := r.Experiment.Journeys.Script; own != "" {
		dir = filepath.Dir(absolute(own))
		kept, _ := ownOptions(child.Withheld())
		maps.Copy(env, kept)
	}
	generator, err := child.Start(child.Spec{
		Name: "load generator (k6)", Path: r.Binary, Dir: dir, Stdin: bytes.NewReader(text), Env: child.Environ(env), Log: secret.Writer{To: r.log},
		// Without a summary and thresholds k6 does not keep every value of every metric in memory.
		Args: []string{"k6", "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", "--no-thresholds", "--address=", "-"},
	})
	if err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	r.generator = generator
	go func() { // ends with the child, which stopGenerator waits for
		<-r.generator.Done()
		if !r.generator.Stopping() {
			lost(r.generatorLost())
		}
	}()
	return nil
}

// loadScript waits until k6 has loaded the script. What the script asks for and does not get is a warning of the run.
func (r *run) loadScript(ctx context.Context) error {
	own := r.Experiment.Journeys.Script
	if own != "" {
		r.Progress.Begin("load generator", 0, fmt.Sprintf("k6 loads %s, with %d VUs", filepath.Base(own), r.vus()))
	}
	select {
	case ready := <-r.conductor.ready:
		if own == "" {
			return nil
		}
		r.Progress.End("")
		if _, left := ownOptions(child.Withheld()); len(left) > 0 {
			ready.Warnings = append(ready.Warnings, fmt.Sprintf("variables that are set and that k6 does not get: %s: "+
				"they would change what the run does (docs/k6-scripts.md, \"Variables\")", strings.Join(left, ", ")))
		}
		return r.warn(ready.Warnings...)
	case <-ctx.Done():
		if own != "" {
			r.Progress.End("failed")
		}
		return context.Cause(ctx)
	}
}

// warn adds warnings to the run, about the script of the user's own.
func (r *run) warn(texts ...string) error {
	if len(texts) == 0 {
		return nil
	}
	return r.dir.Update(func(m *result.Run) {
		for _, text := range texts {
			m.Warnings = append(m.Warnings, filepath.Base(r.Experiment.Journeys.Script)+": "+text)
		}
	})
}

// interruptedTearDown is the most that the teardown of a script may take once the run has been interrupted.
const interruptedTearDown = time.Minute

// tearDown has a script of the user's own end its work at the arms of a launch, while they are still there: also when the run
// was interrupted, as k6 does it, but not when a part of the launch or k6 itself is lost. What goes wrong is a warning.
func (r *run) tearDown(ctx context.Context, launch int, arms []testenv.Arm) error {
	if r.Experiment.Journeys.Script == "" {
		return nil
	}
	if cause := context.Cause(ctx); errors.Is(cause, ErrInterrupted) {
		limited, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), interruptedTearDown,
			fmt.Errorf("it has not ended within %s", interruptedTearDown))
		defer cancel()
		ctx = limited
	} else if cause != nil {
		return nil
	}
	for _, arm := range arms {
		if err := arm.Unpark(); err != nil {
			return err
		}
	}
	report, err := r.conductor.do(ctx, slot.Order{Phase: slot.TearDown, Launch: launch, Targets: targets(arms)})
	if err != nil {
		report.Warnings = append(report.Warnings, fmt.Sprintf("teardown: %v", err))
	}
	return r.warn(report.Warnings...)
}

// vus is how many turns of a script, or requests of journeys, can be on at once.
func (r *run) vus() int {
	unset := slot.DefaultWorkers
	if r.Experiment.Journeys.Script != "" {
		unset = slot.DefaultVUs
	}
	return cmp.Or(r.Experiment.Journeys.VUs, unset)
}

// handed is what the load generator is told when it starts.
func (r *run) handed() (slot.Generator, error) {
	j := r.Experiment.Journeys
	g := slot.Generator{
		Conductor: r.conductor.url(), Token: r.conductor.token, Record: absolute(r.dir.Path(result.LatencyFile)),
		Seed: r.Seed, Users: j.Users, Items: j.Items, Journeys: absolute(j.File), Columns: j.Columns, GapLimit: j.GapLimit, Speed: j.Speed, Timeout: experiment.ClientTimeout,
		VUs: r.vus(), Scenario: j.Scenario, BaseURL: slot.NoBaseURL,
	}
	if j.Script != "" {
		own := child.Withheld()
		for name := range g.Environ() {
			delete(own, name)
		}
		text, err := json.Marshal(own)
		if err != nil {
			return g, fmt.Errorf("runner: %w", err)
		}
		g.Env = string(text)
	}
	return g, nil
}

// measure is what the load generator executes: our journeys, or a script of the user's own.
func (r *run) measure() ([]byte, error) {
	own := r.Experiment.Journeys.Script
	if own == "" {
		return scenarios.Scripts.ReadFile(scenarios.Measure)
	}
	env, err := wrapper.Scripts.ReadFile(wrapper.OwnEnv)
	if err != nil {
		return nil, err
	}
	path := absolute(r.dir.Path(wrapper.OwnEnv))
	if err := files.Write(path, env); err != nil {
		return nil, err
	}
	return wrapper.Script(absolute(own), path)
}

func (r *run) stopGenerator() {
	r.conductor.finish()
	r.generator.Stop(10 * time.Second)
}
