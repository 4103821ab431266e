package resample

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/evidence"
)

// faults finds out what policies keep of every fault.
func (r *resampler) faults(out *Outcome) error {
	m := r.analysis.Catch
	at := slices.Index(m.Levels, r.level.Name)
	lean, apart, err := r.without()
	if err != nil {
		return err
	}
	out.Apart = apart
	sightings, whys := make([]*sighting, len(m.Faults)), make([]string, len(m.Faults))
	for i, row := range m.Faults {
		if row.Cells[at].State.Judged() {
			sightings[i], whys[i] = r.sought(row)
		}
	}
	if err := r.search(sightings); err != nil {
		return err
	}
	var sums []*sum
	for i, row := range m.Faults {
		c := row.Cells[at]
		if row.Fault.ID == result.NoFault || !c.State.Judged() {
			continue
		}
		f := slices.IndexFunc(sums, func(s *sum) bool { return s.ID == row.Fault.ID })
		if f < 0 {
			f = len(sums)
			sums = append(sums, &sum{Fault: Fault{ID: row.Fault.ID, Signal: row.Fault.EvidenceIn(), Cells: make([]Cell, len(r.Policies))},
				halves: make([][]float64, len(r.Policies))})
		}
		if sightings[i] != nil && whys[i] == "" {
			whys[i] = r.differs(row, sightings[i])
		}
		r.pass(sums[f], row, at, lean.Faults[i].Cells[at], sightings[i], whys[i])
	}
	for _, s := range sums {
		out.Faults = append(out.Faults, s.mean())
	}
	return nil
}

// sum is a fault whose cells have sums over its passes.
type sum struct {
	Fault
	halves [][]float64 // seconds, by policy and pass; NaN: half was not reached
}

// windowsOf are the windows of a pass at the level.
func (r *resampler) windowsOf(row catch.Row) (evidence.Windows, bool) {
	own := slices.DeleteFunc(slices.Clone(r.data.Faults), func(e result.FaultEvent) bool { return !r.data.Run.InCatchLaunch(e.Launch, r.level.Name) })
	return evidence.WindowsOf(own, row.Fault.ID, row.Pass, r.level.Name)
}

// sought is the query of a pass whose evidence a policy may drop; nil where it drops none of it, or where it is not known, and why.
func (r *resampler) sought(row catch.Row) (*sighting, string) {
	e, why := evidenceOf(r.data.Run, row)
	switch signal := row.Fault.EvidenceIn(); {
	case why != "" || signal == "" || e == nil:
		return nil, why
	case signal == result.InMetrics:
		if needs := alerts.SignalOf(e.Query); r.dropped(result.Alert{Needs: needs}) {
			return nil, "its evidence is in series that are counted from " + needs
		}
		return nil, ""
	case signal == result.InLogs && !r.KeptLogs:
		return nil, ""
	}
	w, ok := r.windowsOf(row)
	if !ok {
		return nil, "the run does not say when it was there"
	}
	return newSighting(e, w), ""
}

// evidenceOf is the query of a pass, from the catalogue, or why it is not the one of the run; nil where the fault has none.
func evidenceOf(run result.Run, row catch.Row) (e *faults.Evidence, why string) {
	if row.Fault.EvidenceIn() == "" {
		return nil, ""
	}
	var params []string
	for _, name := range slices.Sorted(maps.Keys(row.Fault.Params)) {
		params = append(params, name+"="+cmp.Or(row.Params[name], row.Fault.Params[name]))
	}
	text := row.Fault.ID
	if len(params) > 0 {
		text += ": " + strings.Join(params, ", ")
	}
	f, err := faults.Lookup(text)
	if err != nil {
		return nil, "this version does not know it as it was injected: " + err.Error()
	}
	if run.Environment == "external" {
		f = f.InTheirs()
	}
	if row.Swept == "" && f.Evidence.String() != row.Fault.Evidence {
		return nil, fmt.Sprintf("the run looked for %q, and this version looks for %q", row.Fault.Evidence, f.Evidence)
	}
	return f.Evidence, ""
}

// search runs all queries over the files of the level, each of which is read once.
func (r *resampler) search(all []*sighting) error {
	for _, signal := range []string{result.InLogs, result.InSpans} {
		var queries []*evidence.Query
		for _, s := range all {
			if s != nil && s.Signal == signal {
				queries = append(queries, &s.Query)
			}
		}
		if len(queries) == 0 {
			continue
		}
		if err := evidence.Search(telemetry(r.dir, r.level.Name, signal), queries); err != nil {
			return fmt.Errorf("backtest: %w", err)
		}
	}
	return nil
}

// differs says how what was found differs from what the run found at its end; "" if it does not.
func (r *resampler) differs(row catch.Row, s *sighting) string {
	i := slices.IndexFunc(r.data.Faults, func(e result.FaultEvent) bool {
		return e.Phase == result.PhaseEvidence && e.Fault == row.Fault.ID && e.Pass == row.Pass && e.Arm == r.level.Name
	})
	if i < 0 {
		return "the run did not look for its evidence"
	}
	fault, clean := s.count()
	if v := r.data.Faults[i].Values; v["fault"] != fault || v["clean"] != clean {
		return fmt.Sprintf("the files of %s have %g records of its evidence and %g before it, and the run found %g and %g: they are not as the run left them",
			s.Signal, fault, clean, v["fault"], v["clean"])
	}
	return ""
}

// pass adds a pass to a fault.
func (r *resampler) pass(f *sum, row catch.Row, at int, lean catch.Cell, s *sighting, why string) {
	c := row.Cells[at]
	f.Judged++
	f.Why = cmp.Or(f.Why, why)
	if c.Diagnosed {
		f.Diagnosed++
	}
	switch {
	case lean.State == catch.Detected:
		f.Detected++
	case c.State == catch.Detected:
		f.Open++
		if !slices.Contains(f.By, c.Alert) {
			f.By = append(f.By, c.Alert)
		}
	}
	if s != nil {
		f.Bearing, f.Sampled = f.Bearing+s.bearing(), true
	}
	for i, p := range r.Policies {
		chance, half := r.seen(p, c, s)
		f.Cells[i].Chance += chance
		f.halves[i] = append(f.halves[i], half)
		if level := slices.Index(r.analysis.Catch.Levels, r.measured(p)); level >= 0 && row.Cells[level].State.Judged() {
			f.Cells[i].MeasuredOf++
			if row.Cells[level].Diagnosed {
				f.Cells[i].Measured++
			}
		}
	}
}

// seen is the chance that a pass is diagnosed under a policy, and when it is likely to be: as it was where the policy drops none of its
// evidence.
func (r *resampler) seen(p Policy, c catch.Cell, s *sighting) (chance, half float64) {
	switch {
	case s != nil:
		return s.chance(func(id pcommon.TraceID) float64 {
			if id.IsEmpty() { // a log record that belongs to no trace
				return 1
			}
			return p.chance(r.all.of(id))
		})
	case c.Diagnosed:
		return 1, math.NaN()
	default:
		return 0, math.NaN()
	}
}

// mean is the fault with means in its cells; one of which something is not known has none.
func (s *sum) mean() Fault {
	out := s.Fault
	if out.Why != "" {
		out.Cells = nil
		return out
	}
	for i := range out.Cells {
		out.Cells[i].Chance /= float64(out.Judged)
		reached := slices.DeleteFunc(s.halves[i], math.IsNaN)
		out.Cells[i].Half = stat.Mean(reached, nil)
	}
	return out
}
