// Package catch judges what was caught: per fault and level which alert fired, after how long, what fired without need,
// and whether the level's own telemetry named the cause.
//
// Analyze is its one entrance, a pure function of result.Data. It knows nothing of the toll.
package catch

import (
	"fmt"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// noFault is the catalogue's entry that injects nothing.
const noFault = result.NoFault

// Matrix is the fault × level matrix with its timelines.
type Matrix struct {
	Levels   []string // columns
	Faults   []Row
	Standing []Standing // alerts that fire whether or not there is a fault
	Coverage []Coverage // by alert: what made it fire
	Repeats  []Repeats  // by fault and level: of faults that were injected more than once
	Waivers  []Waiver   // those of the run
	Lapse    float64    // rule time per time of the run
	Alarms   []Alarms   // by Levels: the false alarms per hour
	Stories  []Story    // nil where the run kept no examples of evidence
	Lateness Lateness   // of the load generator
}

// Row is one pass of a fault at every level, and its timeline.
type Row struct {
	Fault result.Fault
	Pass  int    // counts the passes of this fault, from 0
	Cells []Cell // by Matrix.Levels
	// Expected are the alerts that the fault should fire.
	Expected []string
	Start    time.Time
	End      time.Time
	Phases   []Phase       // of all arms together; with Start and End those of the first launch that went through the fault
	Took     time.Duration // in all launches together
	Felt     Felt          // without Levels: not measured

	Params map[string]string // of the fault in this pass, with units; nil in older runs
	Size   float64           // of the parameter that is swept; 0: none is
	Swept  string            // the same for people: share 5 %; "": none is
}

// Name tells the passes of one fault apart: none, none (2), none (3). That of a sweep says the size, too.
func (r Row) Name() string {
	name := r.Fault.ID
	if r.Pass > 0 {
		name = fmt.Sprintf("%s (%d)", r.Fault.ID, r.Pass+1)
	}
	if r.Swept != "" {
		name += ", " + r.Swept
	}
	return name
}

// Phase is a stretch of a fault's timeline: settle, quiet (waiting for the alerts of the pass before), clean, inject (asked for
// but not yet confirmed everywhere), hold, revert (asked for but not yet confirmed everywhere), clear.
type Phase struct {
	Name       string
	Start, End time.Time
}

// Analyze makes the matrix of a run; nil when the run has no faults. An error means that the data contradict themselves,
// and says where.
func Analyze(d *result.Data) (*Matrix, error) {
	if len(d.Run.Faults) == 0 {
		return nil, nil
	}
	rules := rulesOf(d.Run.Alerts)
	d = settled(d, rules)
	end := runEnd(d)
	spans, err := alertSpans(d, rules, end)
	if err != nil {
		return nil, err
	}
	passes := passes(d)
	m := &Matrix{Lapse: d.Run.Lapse, Lateness: lateness(d), Standing: standing(d.Run, rules, spans, passes)}
	for _, l := range d.Run.Levels {
		m.Levels = append(m.Levels, l.Name)
	}
	feelings, alarms := newFeelings(d), map[string]Alarms{}
	if err := feelings.look(passes); err != nil {
		return nil, err
	}
	for _, together := range sameFault(passes) {
		row, err := m.row(d, rules, spans, together, passes, alarms, end)
		if err != nil {
			return nil, err
		}
		if row.Felt, err = feelings.of(together); err != nil {
			return nil, err
		}
		m.Faults = append(m.Faults, row)
	}
	for _, level := range m.Levels {
		m.Alarms = append(m.Alarms, alarms[level].rate(level))
	}
	m.Coverage, m.Repeats = coverage(rules, m.Faults), m.repeats()
	m.waivers(d.Run.Waivers, d.Run.Started)
	m.Stories = stories(d, m, sameFault(passes), rules, feelings)
	return m, nil
}

// sameFault puts the passes together that are one pass of a fault in several launches, in the order of the first of them.
func sameFault(passes []*pass) [][]*pass {
	var out [][]*pass
	for _, p := range passes {
		at := slices.IndexFunc(out, func(ps []*pass) bool { return ps[0].fault.ID == p.fault.ID && ps[0].nth == p.nth })
		if at < 0 {
			at = len(out)
			out = append(out, nil)
		}
		out[at] = append(out[at], p)
	}
	return out
}

// row judges one pass of a fault at every level, each in the launch that has it, and counts the false alarms.
func (m *Matrix) row(d *result.Data, rules *rules, spans map[string][]alertSpan, together, all []*pass, alarms map[string]Alarms, runEnd time.Time) (Row, error) {
	shown := together[0]
	row := Row{Fault: shown.fault, Pass: shown.nth, Start: shown.start, End: shown.end(runEnd), Expected: rules.meant(shown.fault.Expect),
		Params: shown.params, Size: shown.size, Swept: shown.swept(d.Run.Sweep)}
	row.Phases = shown.phases(row.End)
	for _, p := range together {
		if !p.start.IsZero() {
			row.Took += p.end(runEnd).Sub(p.start)
		}
	}
	for _, l := range d.Run.Levels {
		at := slices.IndexFunc(together, func(p *pass) bool { return d.Run.InCatchLaunch(p.launch, l.Name) })
		if at < 0 {
			return Row{}, fmt.Errorf("catch: %s was in no launch of the catch that has the level %s", row.Name(), l.Name)
		}
		p := together[at]
		launch := p.launch
		j := judge{
			pass: p, data: d, level: l, rules: rules, spans: spans[l.Name], end: p.end(runEnd), began: dataBegin(d, all, launch),
			expected: row.Expected, allowed: rules.meant(p.fault.Allow), always: m.Always(l.Name), whole: runEnd,
		}
		j.watched = j.end
		in := inLaunch(all, launch)
		at = slices.Index(in, p)
		if next := at + 1; next < len(in) && !in[next].quiet.IsZero() {
			j.watched = later(j.watched, in[next].clean)
		}
		if at > 0 {
			j.before = in[at-1]
		}
		c := j.cell()
		if !p.start.IsZero() && !shown.start.IsZero() {
			c.Later = p.zero().Sub(shown.zero())
		}
		row.Cells = append(row.Cells, c)
		alarms[l.Name] = alarms[l.Name].plus(j.cleanTime(), j.cleanAlarms)
	}
	return row, nil
}
