package catch

import (
	"cmp"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// pass is one pass of a fault: when its phases were, for all arms and for each. A zero time was not reached.
type pass struct {
	fault                                   result.Fault
	nth                                     int // counts the passes of this fault, from 0
	launch                                  int // of the catch, from 0
	start, clean, inject, revert, done      time.Time
	settle, quiet                           time.Time
	confirmed, unconfirmed, reverted, stuck map[string]time.Time         // by arm
	evidence                                map[string]result.FaultEvent // by arm
	lastEvent                               time.Time
	params                                  map[string]string // of the fault in this pass, with units
	size                                    float64           // of what is swept; 0: nothing is
}

// passes puts the fault events in order: the passes that began in the order in which they did, then those that did not, in the
// order of Run.Faults.
func passes(d *result.Data) []*pass {
	var out []*pass
	type key struct {
		fault       string
		nth, launch int
	}
	index := map[key]*pass{}
	begin := func(f result.Fault, nth, launch int) *pass {
		p := &pass{
			fault: f, nth: nth, launch: launch, confirmed: map[string]time.Time{}, unconfirmed: map[string]time.Time{},
			reverted: map[string]time.Time{}, stuck: map[string]time.Time{}, evidence: map[string]result.FaultEvent{},
		}
		out, index[key{f.ID, nth, launch}] = append(out, p), p
		return p
	}
	faults := map[string]result.Fault{}
	for _, f := range d.Run.Faults {
		faults[f.ID] = f
		planned(d.Run, f, func(nth, launch int) { begin(f, nth, launch) })
	}
	for _, e := range d.Faults {
		if e.Phase == result.PhaseEvidence { // comes after all launches
			planned(d.Run, faults[e.Fault], func(nth, launch int) {
				if nth == e.Pass && d.Run.InCatchLaunch(launch, e.Arm) {
					e.Launch = launch
				}
			})
		}
		p := index[key{e.Fault, e.Pass, e.Launch}]
		if f, known := faults[e.Fault]; p == nil && known {
			p = begin(f, e.Pass, e.Launch)
		}
		if p != nil {
			p.add(e)
		}
	}
	slices.SortStableFunc(out, func(a, b *pass) int {
		if a.start.IsZero() || b.start.IsZero() {
			return cmp.Compare(bit(a.start.IsZero()), bit(b.start.IsZero()))
		}
		return a.start.Compare(b.start)
	})
	return out
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// name tells it from other passes of the fault.
func (p *pass) name() string { return Row{Fault: p.fault, Pass: p.nth}.Name() }

// began is when what the event confirms became so: when it was seen, or earlier where the probe knows since when.
func began(e result.FaultEvent) time.Time {
	if !e.Since.IsZero() && e.Since.Before(e.Time) {
		return e.Since
	}
	return e.Time
}

func (p *pass) add(e result.FaultEvent) {
	if e.Phase == result.PhaseEvidence { // comes after the run
		p.evidence[e.Arm] = e
		return
	}
	if e.Params != nil {
		p.params = e.Params
	}
	if e.Size > 0 {
		p.size = e.Size
	}
	if p.start.IsZero() || e.Time.Before(p.start) {
		p.start = e.Time
	}
	if e.Time.After(p.lastEvent) {
		p.lastEvent = e.Time
	}
	switch e.Phase {
	case result.PhaseSettle:
		p.settle = e.Time
	case result.PhaseQuiet:
		p.quiet = e.Time
	case result.PhaseClean:
		p.clean = e.Time
	case result.PhaseInject:
		p.inject = e.Time
	case result.PhaseConfirmed:
		p.confirmed[e.Arm] = began(e)
	case result.PhaseUnconfirmed:
		p.unconfirmed[e.Arm] = e.Time
	case result.PhaseRevert:
		p.revert = e.Time
	case result.PhaseReverted:
		p.reverted[e.Arm] = began(e)
	case result.PhaseStuck:
		p.stuck[e.Arm] = e.Time
	case result.PhaseDone:
		p.done = e.Time
	}
}

// end is the end of the pass, or of what is known of it when it is not over.
func (p *pass) end(runEnd time.Time) time.Time {
	switch {
	case !p.done.IsZero():
		return p.done
	case p.start.IsZero():
		return time.Time{}
	default:
		return later(p.lastEvent, runEnd)
	}
}

// zero is the time of the injection, or else of the start.
func (p *pass) zero() time.Time {
	if p.inject.IsZero() {
		return p.start
	}
	return p.inject
}

// phases is the timeline of the pass up to end. What was not reached, or took no time, is left out.
func (p *pass) phases(end time.Time) []Phase {
	marks := []Phase{
		{Name: "settle", Start: p.settleStart()},
		{Name: "quiet", Start: p.quiet},
		{Name: "clean", Start: p.clean},
		{Name: "inject", Start: p.inject},
		{Name: "hold", Start: latest(p.confirmed, p.unconfirmed)},
		{Name: "revert", Start: p.revert},
		{Name: "clear", Start: latest(p.reverted, p.stuck)},
	}
	marks = slices.DeleteFunc(marks, func(m Phase) bool { return m.Start.IsZero() })
	var out []Phase
	for i, m := range marks {
		m.End = end
		if i+1 < len(marks) {
			m.End = marks[i+1].Start
		}
		if m.End.After(m.Start) {
			out = append(out, m)
		}
	}
	return out
}

// settleStart is the start of what comes before anything is judged; zero for a pass that waited for quiet at once.
func (p *pass) settleStart() time.Time {
	if p.settle.IsZero() && p.quiet.Equal(p.start) {
		return time.Time{}
	}
	return p.start
}

// latest is the last time in both maps; zero if they are empty.
func latest(maps ...map[string]time.Time) time.Time {
	var last time.Time
	for _, m := range maps {
		for _, t := range m {
			last = later(last, t)
		}
	}
	return last
}

func later(a, b time.Time) time.Time { return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare) }

// runEnd is the last moment that the run's record speaks of.
func runEnd(d *result.Data) time.Time {
	end := d.Run.Ended
	if !end.IsZero() {
		return end
	}
	for _, s := range d.Slots {
		end = later(end, s.End)
	}
	for _, e := range d.Alerts {
		end = later(end, e.Time)
	}
	for _, e := range d.Faults {
		if e.Phase != result.PhaseEvidence {
			end = later(end, e.Time)
		}
	}
	return end
}

// dataBegin is the earliest time of which the alert rules can have had data in a launch of the catch: when it began.
func dataBegin(d *result.Data, passes []*pass, launch int) time.Time {
	var begin time.Time
	begun := 0 // the last launch of which something is known
	for _, p := range passes {
		if !p.start.IsZero() {
			begun = max(begun, p.launch)
		}
		if p.launch == launch {
			begin = first(begin, p.start)
		}
	}
	if at := len(d.Run.StartUp) - 1 - (begun - launch); at >= 0 && at < len(d.Run.StartUp) && !begin.IsZero() {
		begin = begin.Add(-d.Run.StartUp[at].Total)
	}
	return begin
}

// inLaunch are the passes of one launch.
func inLaunch(passes []*pass, launch int) []*pass {
	return slices.DeleteFunc(slices.Clone(passes), func(p *pass) bool { return p.launch != launch })
}

// planned names the passes of a fault. A level that is in several launches has as many passes in each.
func planned(r result.Run, f result.Fault, each func(nth, launch int)) {
	if len(r.CatchLaunches) == 0 {
		for nth := range max(1, f.Passes) {
			each(nth, 0)
		}
		return
	}
	for launch, levels := range r.CatchLaunches {
		all, before := 0, 0 // launches of these levels
		for other, of := range r.CatchLaunches {
			if slices.Equal(of, levels) {
				all++
				before += bit(other < launch)
			}
		}
		n := max(1, f.Passes/all)
		for i := range n {
			each(before*n+i, launch)
		}
	}
}

// first is the earlier of two times. Either may be zero, which is "never".
func first(a, b time.Time) time.Time {
	if a.IsZero() || b.IsZero() {
		return cmp.Or(a, b)
	}
	return slices.MinFunc([]time.Time{a, b}, time.Time.Compare)
}
