package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/since"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// ReadSince reads from a report.json what a series needs of its run: a run directory need not be kept for it. It is as good as the
// directory, but that it has no prices, and that ends of intervals that are open are not known. An error says what is wrong with it.
func ReadSince(from string, text []byte) (since.Run, error) {
	var in jsonReport
	if err := json.Unmarshal(text, &in); err != nil {
		return since.Run{}, fmt.Errorf("%s: no report.json: %w", from, err)
	}
	run, err := in.Run.run()
	switch {
	case in.Schema != jsonSchema:
		return since.Run{}, fmt.Errorf("%s: a report of schema %d: this version reads schema %d; render it again with tollgate report --format json", from, in.Schema, jsonSchema)
	case in.Run.ID == "":
		return since.Run{}, fmt.Errorf("%s: no report.json: it names no run", from)
	case err != nil:
		return since.Run{}, fmt.Errorf("%s: run %s: %w", from, in.Run.ID, err)
	}
	a := &verdict.Analysis{Run: run}
	for _, c := range in.Controls {
		a.Controls = append(a.Controls, verdict.Control(c))
	}
	units := map[string]verdict.Unit{}
	for _, m := range in.Metrics {
		units[m.ID] = verdict.Unit(m.Unit)
	}
	for _, t := range in.Toll {
		if t.Arm.Role == result.RoleLevel {
			a.Toll = append(a.Toll, t.toll(units, run.Plan.MainStep()))
		}
	}
	if in.Catch != nil {
		a.Catch = in.Catch.matrix()
		for _, f := range a.Catch.Faults {
			a.Run.Faults = append(a.Run.Faults, f.Fault)
		}
	}
	out := since.Of(from, a)
	out.Summary = true
	return out, nil
}

// run is what makes runs alike or not.
func (r jsonRun) run() (result.Run, error) {
	if r.Started == nil {
		return result.Run{}, errors.New("it does not say when it began")
	}
	started, err := time.Parse(time.RFC3339Nano, *r.Started)
	if err != nil {
		return result.Run{}, err
	}
	p := r.Plan
	out := result.Run{ID: r.ID, Status: r.Status, Started: started, Environment: r.Environment, Profile: r.Profile, Seed: r.Seed, Journeys: r.Journeys,
		Tool: result.Tool{Version: r.Version, Go: r.Go, Modules: r.Modules}, Machine: result.Machine(r.Machine),
		Plan: result.Plan{Launches: p.Launches, Rounds: p.Rounds, Slot: p.Slot.duration(), Washout: p.Washout.duration(), Rate: float64(p.Rate),
			CatchRate: float64(p.CatchRate), ClientTimeout: p.ClientTimeout.duration(), Step: p.Step, GapLimit: p.GapLimit.duration()}}
	for _, l := range r.Levels {
		out.Levels = append(out.Levels, result.Level(l))
	}
	for _, a := range r.Alerts {
		out.Alerts = append(out.Alerts, result.Alert{Name: a.Name, RunExpr: a.RunExpr, RunFor: a.RunFor.duration()})
	}
	return out, nil
}

// duration is a number of seconds; that of inSeconds comes back as it was.
func (n number) duration() time.Duration {
	return time.Duration(math.Round(float64(n) * float64(time.Second)))
}

func (t jsonArmToll) toll(units map[string]verdict.Unit, step string) verdict.LevelToll {
	out := verdict.LevelToll{Arm: result.Arm{Name: t.Arm.Name, Level: t.Arm.Level, Role: t.Arm.Role}}
	known := map[string]verdict.Metric{}
	for _, m := range verdict.Metrics(step) {
		known[m.ID] = m
	}
	for _, v := range t.Values {
		m, ok := known[v.Metric]
		if !ok || v.Diff == nil || v.Ratio == nil {
			continue // a metric that this version does not have
		}
		m.Unit = units[m.ID]
		out.Effects = append(out.Effects, verdict.Effect{Metric: m, Value: float64(v.Value), Diff: v.Diff.interval(), Ratio: v.Ratio.interval(),
			Significant: v.Significant != nil && *v.Significant, Rounds: v.Rounds})
	}
	return out
}

func (iv jsonInterval) interval() verdict.Interval {
	return verdict.Interval{Lo: float64(iv.Lo), Mid: float64(iv.Mid), Hi: float64(iv.Hi)}
}

// matrix is what became of the faults.
func (c jsonCatch) matrix() *catch.Matrix {
	out := &catch.Matrix{Levels: c.Levels}
	for _, f := range c.Faults {
		row := catch.Row{Fault: result.Fault{ID: f.ID, Title: f.Title}, Pass: f.Pass}
		for _, cell := range f.Cells {
			row.Cells = append(row.Cells, catch.Cell{Level: cell.Level, State: catch.State(cell.State), Diagnosed: cell.Diagnosed})
		}
		out.Faults = append(out.Faults, row)
	}
	return out
}
