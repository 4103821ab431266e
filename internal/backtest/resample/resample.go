package resample

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Options say what is asked.
type Options struct {
	Policies []Policy
	KeptLogs bool // only the log records of kept traces are kept, and those that belong to none; else all are
}

// Outcome is what policies would have kept of a run.
type Outcome struct {
	Level    string // whose traces they are: it keeps all of them
	Baseline string // the level over which Cost is
	KeptLogs bool   // see Options
	Traces   int    // that were recorded, in all phases of the catch
	Nameless int    // of them: no span names a channel

	Faults  []Fault // that were injected, in the order of the run
	Metrics []verdict.Metric
	Whole   Point    // all is kept, as it was measured
	Points  []Point  // by policy
	Apart   []string // alerts that need what a policy drops, by their IDs: what they do under a policy is not known
	Notes   []string
}

// Fault is one fault, over the passes in which it was judged at the level.
type Fault struct {
	ID        string
	Signal    string // where its evidence is: logs, spans, metrics; "": no query finds it
	Judged    int    // passes
	Diagnosed int    // of these, as it was recorded
	Bearing   int    // traces that bear the evidence in these passes; log records without a trace are not among them
	Sampled   bool   // a policy may drop evidence of it
	Why       string // why it is not known what policies keep of it; "" if it is

	Detected int      // passes, by alerts that need nothing that a policy drops
	Open     int      // further passes, in which only other alerts fired: see Outcome.Apart
	By       []string // these alerts, each once

	Cells []Cell // by policy; nil where there is a Why
}

// Untouched says that the fault is diagnosed as it was, whatever the policy.
func (f Fault) Untouched() bool { return !f.Sampled && f.Why == "" }

// Cell is one fault under one policy.
type Cell struct {
	// Chance is the probability that a pass is diagnosed: that evidence is kept of the fault's window and none of the clean one. It is
	// exact, given the traces, of which each is kept independently: the mean over the passes.
	Chance float64
	// Half is after how many seconds from the confirmed effect the probability of having kept evidence reaches one half: the mean over the
	// passes in which it does. NaN: in none.
	Half float64

	Measured, MeasuredOf int // passes that were diagnosed and judged at Point.Measured
}

// Point is one policy.
type Point struct {
	Policy    Policy
	Traces    float64 // share of the traces that begin in clean windows that is kept
	Spans     float64 // likewise of the spans; NaN: there are none
	InFaults  float64 // share of the spans of traces that begin while a fault is held
	Diagnosed float64 // expected number of faults, each counting as the part of its passes
	Of        int     // faults for which this is known
	Measured  string  // a level of the run that samples by the same policy; "": none does
	Found     float64 // the number of faults that this level diagnosed, of those that were judged at both
	Costs     []Cost  // by Outcome.Metrics
}

// telemetry is the file of a signal of a level.
func telemetry(dir, level, signal string) string {
	return filepath.Join(dir, result.TelemetryDir, level+"."+signal+".jsonl")
}

// Of resamples a run directory that was read.
func Of(dir string, d *result.Data, o Options) (*Outcome, error) {
	level, err := source(dir, d.Run)
	if err != nil {
		return nil, err
	}
	all, err := readTraces(telemetry(dir, level.Name, result.InSpans))
	if err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	channels := all.channels()
	if err := checkChannels(o.Policies, channels, level.Name); err != nil {
		return nil, err
	}
	a, err := verdict.Analyze(d)
	if err != nil {
		return nil, err
	}
	r := &resampler{Options: o, dir: dir, data: d, level: level, all: all, analysis: a}
	out := &Outcome{Level: level.Name, Baseline: d.Run.Levels[0].Name, KeptLogs: o.KeptLogs, Traces: len(all.order), Nameless: channels[""]}
	if err := r.faults(out); err != nil {
		return nil, err
	}
	r.points(out)
	out.Notes = r.notes(out)
	return out, nil
}

// resampler is one run and what is asked of it.
type resampler struct {
	Options
	dir      string
	data     *result.Data
	level    result.Level
	all      *traces
	analysis *verdict.Analysis
}

// source is the level whose traces are resampled: the first that keeps all of them.
func source(dir string, run result.Run) (result.Level, error) {
	if len(run.Faults) == 0 {
		return result.Level{}, fmt.Errorf("backtest: run %s injected no faults, so that there is nothing to diagnose: name a run with faults", run.ID)
	}
	var names, whole []string
	for _, l := range run.Levels {
		names = append(names, l.Name)
		if share, known := verdict.Kept(l); !known || share < 1 {
			continue
		}
		whole = append(whole, l.Name)
		if info, err := os.Stat(telemetry(dir, l.Name, result.InSpans)); err == nil && info.Size() > 0 {
			return l, nil
		}
	}
	if len(whole) == 0 {
		return result.Level{}, fmt.Errorf("backtest: run %s has no level that keeps all traces (its levels: %s): name a run with one, such as full",
			run.ID, strings.Join(names, ", "))
	}
	return result.Level{}, fmt.Errorf("backtest: run %s has no spans of %s in %s: was %s left out when the run was copied, or does a back end of your own have them?",
		run.ID, strings.Join(whole, ", "), filepath.Join(dir, result.TelemetryDir), result.TelemetryDir)
}

// checkChannels refuses policies for channels that no trace has.
func checkChannels(policies []Policy, channels map[string]int, level string) error {
	legal := slices.DeleteFunc(slices.Sorted(maps.Keys(channels)), func(c string) bool { return c == "" })
	for _, p := range policies {
		for _, c := range p.Channels {
			if !slices.Contains(legal, c.Channel) {
				return fmt.Errorf("backtest: policy %q: no trace of %s has the channel %q: there are %s", p.Text, level, c.Channel, orNone(legal))
			}
		}
	}
	return nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// points are what each policy comes to.
func (r *resampler) points(out *Outcome) {
	clean, held := r.windows()
	costs := newCosts(r)
	out.Metrics = costs.metrics
	out.Whole = Point{Traces: 1, Spans: 1, InFaults: 1, Measured: out.Level, Costs: costs.measured(out.Level)}
	for _, f := range out.Faults {
		if f.Judged > 0 && f.Why == "" {
			out.Whole.Diagnosed += float64(f.Diagnosed) / float64(f.Judged)
			out.Whole.Of++
		}
	}
	out.Whole.Found = out.Whole.Diagnosed
	for i, p := range r.Policies {
		kept, of := r.all.kept(p, clean)
		point := Point{Policy: p, Traces: kept.traces / of.traces, Spans: kept.spans / of.spans, Measured: r.measured(p), Of: out.Whole.Of}
		kept, of = r.all.kept(p, held)
		point.InFaults = kept.spans / of.spans
		for _, f := range out.Faults {
			if f.Judged > 0 && f.Why == "" {
				point.Diagnosed += f.Cells[i].Chance
				if n := f.Cells[i].MeasuredOf; n > 0 {
					point.Found += float64(f.Cells[i].Measured) / float64(n)
				}
			}
		}
		point.Costs = costs.of(p, point.Spans)
		out.Points = append(out.Points, point)
	}
}

// windows are the clean windows of all passes at the level, and those in which a fault was held.
func (r *resampler) windows() (clean, held []window) {
	for _, row := range r.analysis.Catch.Faults {
		if w, ok := r.windowsOf(row); ok {
			clean = append(clean, window{w.CleanStart.UnixNano(), w.CleanEnd.UnixNano()})
			if row.Fault.ID != result.NoFault {
				held = append(held, window{w.FaultStart.UnixNano(), w.FaultEnd.UnixNano()})
			}
		}
	}
	return clean, held
}

// measured is a level of the run that samples by a policy, and is otherwise as the source; "": none is.
func (r *resampler) measured(p Policy) string {
	if p.Tail != nil || len(p.Channels) > 0 || r.KeptLogs {
		return ""
	}
	for _, l := range r.data.Run.Levels {
		if share, known := verdict.Kept(l); known && share == p.Share && alike(l, r.level) {
			return l.Name
		}
	}
	return ""
}

// dropped says that a policy may drop what an alert needs.
func (r *resampler) dropped(a result.Alert) bool {
	return a.Needs == alerts.Traces || r.KeptLogs && a.Needs == alerts.Logs
}

// without is the matrix as it would be if the alerts that a policy may change had not fired, with their IDs.
func (r *resampler) without() (*catch.Matrix, []string, error) {
	data := *r.data
	data.Latency, data.Alerts = nil, nil
	gone := map[string]bool{}
	var apart []string
	for i, id := range result.Rules(data.Run.Alerts).IDs() {
		if a := data.Run.Alerts[i]; r.dropped(a) {
			gone[a.Name] = true
			if !slices.Contains(apart, id) {
				apart = append(apart, id)
			}
		}
	}
	for _, e := range r.data.Alerts {
		if !gone[e.Alert] {
			data.Alerts = append(data.Alerts, e)
		}
	}
	m, err := catch.Analyze(&data)
	return m, apart, err
}

// notes are what a reader must know.
func (r *resampler) notes(out *Outcome) []string {
	var notes []string
	for _, f := range out.Faults {
		if f.Why != "" {
			notes = append(notes, fmt.Sprintf("%s is not judged: %s", f.ID, f.Why))
		}
	}
	perChannel := slices.ContainsFunc(r.Policies, func(p Policy) bool { return len(p.Channels) > 0 })
	if perChannel && out.Nameless > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d traces name no channel, since no span of them has %s: the share of the policy holds for them",
			out.Nameless, out.Traces, channelAttribute))
	}
	if len(out.Metrics) > 0 && r.analysis.Outcome == verdict.Invalid {
		notes = append(notes, "a control of the run failed, so that what is said of costs need not be true: see tollgate report")
	}
	if len(out.Metrics) == 0 {
		notes = append(notes, "the run measured no toll, so that nothing is known of what a policy costs")
	}
	return notes
}
