package catch

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// TallyConfidence is that of every interval of a Tally.
const TallyConfidence = 0.95

// Tally is what one level caught, counted over faults: each counts once, and one that is injected several times as the part of
// its passes. The fault that injects nothing is not among them.
//
// Intervals are Clopper–Pearson's, and say how far chance may have taken a share of so few: the faults are taken for draws from
// many of their kind, which a catalogue is not quite.
type Tally struct {
	Level  string
	Scores []Score // by fault, sorted by name; the same faults at every level

	Detected  Share // recall: of the faults that were judged, those that an expected alert detected
	Diagnosed Share // of the faults that were judged, those whose cause the level's own telemetry named
	// Precision is the share of the alerts that fired, counted once for each pass, that the fault of their pass explains. One that
	// fired rightly and falsely in one pass counts on both sides. A pass without credit and blame (unconfirmed, unfinished) is left
	// out. The alerts of one pass belong together: the interval is widened by their design effect.
	Precision Share

	Groups     []GroupTally    // by kind of fault, sorted
	Severities []SeverityTally // by the severity of the alert that detected, sorted
	States     []StateCount    // passes by state, in the order in which states are defined: what is missed and why, and what was not judged
}

// Share is some of several, with its interval. Both may be broken: see Tally.
type Share struct {
	Yes, Of  float64
	Interval stats.Interval // NaN where Of is 0
}

// GroupTally is the part of a Tally that is about one kind of fault.
type GroupTally struct {
	Group               string // "" in runs of older versions, which did not record it
	Detected, Diagnosed Share
}

// SeverityTally is the faults that an alert of one severity detected first, of all that were judged.
type SeverityTally struct {
	Severity string // the label severity of the rule; "" where it has none
	Detected Share
}

// StateCount is how many passes ended in a state.
type StateCount struct {
	State State
	N     int
}

// Score is one fault at one level, over its passes.
type Score struct {
	Fault, Group        string
	Judged              int      // passes in which its effect was confirmed, to their end
	Detected, Diagnosed int      // of these
	Miss                State    // of the first pass that was judged and not detected; ""
	Severities          []string // of the alert that detected, by detected pass
}

// Tallies counts what every level of a matrix caught. The rules tell the severities of alerts.
func Tallies(m *Matrix, rules result.Rules) []Tally {
	severity := map[string]string{}
	for i, id := range rules.IDs() {
		severity[id] = rules[i].Labels["severity"]
	}
	var out []Tally
	for i, level := range m.Levels {
		t := Tally{Level: level, Scores: scoresOf(m, i, severity), Precision: precisionOf(m, i), States: statesOf(m, i)}
		t.Detected, t.Diagnosed = sharesOf(t.Scores)
		t.Groups, t.Severities = groupsOf(t.Scores), severitiesOf(t.Scores)
		out = append(out, t)
	}
	return out
}

// Judged says that a state is one for which a level gets credit or blame: the fault was there to be detected. An alert that cannot fire,
// or has too little load to, is one that does not detect.
func (s State) Judged() bool {
	return slices.Contains([]State{Detected, Missed, CannotFire, UnderPowered}, s)
}

// states are all of them, in the order of their definition.
func states() []State {
	return []State{Detected, Missed, Quiet, Noisy, CannotFire, UnderPowered, Unconfirmed, Skipped, Unfinished}
}

// cellOf is the cell of a level; false if the row lacks it.
func cellOf(r Row, level int) (Cell, bool) {
	if level >= len(r.Cells) {
		return Cell{}, false
	}
	return r.Cells[level], true
}

func scoresOf(m *Matrix, level int, severity map[string]string) []Score {
	byFault := map[string]*Score{}
	for _, row := range m.Faults {
		if row.Fault.ID == noFault {
			continue
		}
		s := byFault[row.Fault.ID]
		if s == nil {
			s = &Score{Fault: row.Fault.ID, Group: row.Fault.Group}
			byFault[row.Fault.ID] = s
		}
		c, has := cellOf(row, level)
		if !has || !c.State.Judged() {
			continue
		}
		s.Judged++
		s.Diagnosed += bit(c.Diagnosed)
		if c.State == Detected {
			s.Detected++
			s.Severities = append(s.Severities, severity[c.Alert])
		} else {
			s.Miss = cmp.Or(s.Miss, c.State)
		}
	}
	var out []Score
	for _, s := range byFault {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Score) int { return strings.Compare(a.Fault, b.Fault) })
	return out
}

// part is what a fault adds to a share.
func (s Score) part(passes int) float64 { return float64(passes) / float64(s.Judged) }

// shareOf is the sum of what the judged faults add.
func shareOf(scores []Score, passes func(Score) int) Share {
	var out Share
	for _, s := range scores {
		if s.Judged > 0 {
			out.Of++
			out.Yes += s.part(passes(s))
		}
	}
	out.Interval = stats.ClopperPearson(out.Yes, out.Of, TallyConfidence)
	return out
}

func sharesOf(scores []Score) (detected, diagnosed Share) {
	return shareOf(scores, func(s Score) int { return s.Detected }), shareOf(scores, func(s Score) int { return s.Diagnosed })
}

func groupsOf(scores []Score) []GroupTally {
	byGroup := map[string][]Score{}
	for _, s := range scores {
		byGroup[s.Group] = append(byGroup[s.Group], s)
	}
	var out []GroupTally
	for group, of := range byGroup {
		g := GroupTally{Group: group}
		g.Detected, g.Diagnosed = sharesOf(of)
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b GroupTally) int { return strings.Compare(a.Group, b.Group) })
	return out
}

func severitiesOf(scores []Score) []SeverityTally {
	var known []string
	for _, s := range scores {
		known = append(known, s.Severities...)
	}
	slices.Sort(known)
	var out []SeverityTally
	for _, severity := range slices.Compact(known) {
		out = append(out, SeverityTally{severity, shareOf(scores, func(s Score) int {
			return len(slices.DeleteFunc(slices.Clone(s.Severities), func(of string) bool { return of != severity }))
		})})
	}
	return out
}

// precisionOf takes every pass for a cluster: an alert that a fault sets off tends to come with others.
func precisionOf(m *Matrix, level int) Share {
	var passes []stats.Cluster
	for _, row := range m.Faults {
		c, has := cellOf(row, level)
		if !has || !c.State.Judged() && c.State != Quiet && c.State != Noisy {
			continue
		}
		var right []string
		for _, alert := range append([]string{c.Alert}, c.Also...) {
			if alert != "" {
				right = add(right, alert)
			}
		}
		if n := len(right) + len(c.False); n > 0 {
			passes = append(passes, stats.Cluster{Yes: float64(len(right)), N: float64(n)})
		}
	}
	var out Share
	out.Yes, out.Of = stats.Total(passes)
	effect := stats.DesignEffect(passes)
	out.Interval = stats.ClopperPearson(out.Yes/effect, out.Of/effect, TallyConfidence)
	return out
}

func statesOf(m *Matrix, level int) []StateCount {
	n := map[State]int{}
	for _, row := range m.Faults {
		if c, has := cellOf(row, level); has && row.Fault.ID != noFault {
			n[c.State]++
		}
	}
	var out []StateCount
	for _, s := range states() {
		if n[s] > 0 {
			out = append(out, StateCount{s, n[s]})
		}
	}
	return out
}
