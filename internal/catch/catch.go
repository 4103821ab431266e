// Package catch judges what was caught: per fault and level which alert fired, after how long, what fired without need,
// and whether the level's own telemetry named the cause.
//
// Analyze is its one entrance, a pure function of result.Data. It knows nothing of the toll.
package catch

import (
	"fmt"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// noFault is the catalogue's entry that injects nothing.
const noFault = "none"

// Matrix is the fault × level matrix with its timelines.
type Matrix struct {
	Levels   []string // columns
	Faults   []Row
	Standing []Standing // alerts that fire whether or not there is a fault
	Alarms   []Alarms   // by Levels: the false alarms per hour
}

// Row is one pass of a fault at every level, and its timeline.
type Row struct {
	Fault  result.Fault
	Pass   int    // counts the passes of this fault, from 0
	Cells  []Cell // by Matrix.Levels
	Start  time.Time
	End    time.Time
	Phases []Phase // of all arms together
	Felt   Felt    // without Levels: not measured

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
	end, rules := runEnd(d), rulesOf(d.Run.Alerts)
	spans, err := alertSpans(d, rules, end)
	if err != nil {
		return nil, err
	}
	passes := passes(d)
	m := &Matrix{Standing: standing(rules, d.Run.Levels, spans, passes)}
	for _, l := range d.Run.Levels {
		m.Levels = append(m.Levels, l.Name)
	}
	feelings, alarms := newFeelings(d), map[string]Alarms{}
	if err := feelings.look(passes); err != nil {
		return nil, err
	}
	for i, p := range passes {
		row := Row{Fault: p.fault, Pass: p.nth, Start: p.start, End: p.end(end), Params: p.params, Size: p.size, Swept: p.swept(d.Run.Sweep)}
		row.Phases = p.phases(row.End)
		watched := row.End
		if i+1 < len(passes) && !passes[i+1].quiet.IsZero() {
			watched = later(watched, passes[i+1].clean)
		}
		for _, l := range d.Run.Levels {
			j := judge{
				pass: p, data: d, level: l, rules: rules, spans: spans[l.Name], end: row.End, watched: watched, began: dataBegin(d, passes),
				expected: rules.meant(p.fault.Expect), allowed: rules.meant(p.fault.Allow),
			}
			for _, s := range m.Standing {
				if !s.Switch && slices.Contains(s.Levels, l.Name) {
					j.always = append(j.always, s.Alert)
				}
			}
			row.Cells = append(row.Cells, j.cell())
			alarms[l.Name] = alarms[l.Name].plus(j.cleanTime(), j.cleanAlarms)
		}
		if row.Felt, err = feelings.of(p); err != nil {
			return nil, err
		}
		m.Faults = append(m.Faults, row)
	}
	for _, level := range m.Levels {
		m.Alarms = append(m.Alarms, alarms[level].rate(level))
	}
	return m, nil
}
