package catch

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/sweep"
)

// Limit is the least size of the swept fault that a level detects, in the unit of the run's sweep.
type Limit struct {
	Level string
	sweep.Limit
	Points  []sweep.Point // the trials by size, the smallest fault first
	LeftOut int           // passes that are no trial: see State.Judged
	Note    string        // footnote; "" if there is nothing to say
}

// Limits are those of a run's sweep, by level; none without one.
func Limits(s *result.Sweep, m *Matrix) []Limit {
	if s == nil || m == nil {
		return nil
	}
	var out []Limit
	for i, level := range m.Levels {
		l := Limit{Level: level}
		for _, size := range s.Sizes {
			l.Points = append(l.Points, sweep.Point{Size: size})
		}
		cannot := 0
		for _, row := range m.Faults {
			at := slices.Index(s.Sizes, row.Size)
			if row.Fault.ID != s.Fault || i >= len(row.Cells) {
				continue
			}
			switch state := row.Cells[i].State; {
			case at < 0 || !state.Judged():
				l.LeftOut++
				continue
			case state == Detected:
				l.Points[at].Detected++
			case state == CannotFire:
				cannot++
			}
			l.Points[at].Tried++
		}
		l.Limit = sweep.Fit(l.Points, s.Falls)
		l.Note = l.note(cannot)
		out = append(out, l)
	}
	return out
}

// note says what the trials do not.
func (l Limit) note(cannot int) string {
	trials := 0
	for _, p := range l.Points {
		trials += p.Tried
	}
	switch {
	case trials > 0 && cannot == trials:
		return fmt.Sprintf("%s: no expected alert can fire here, whatever the size: the catch says why", l.Level)
	case l.LeftOut == 1:
		return fmt.Sprintf("%s: 1 pass is no trial: the effect was not seen, or the run ended before", l.Level)
	case l.LeftOut > 1:
		return fmt.Sprintf("%s: %d passes are no trials: the effect was not seen, or the run ended before", l.Level, l.LeftOut)
	default:
		return ""
	}
}

// swept says which size a pass has, for people; "" where nothing is swept.
func (p *pass) swept(s *result.Sweep) string {
	if s == nil || s.Fault != p.fault.ID || p.size == 0 {
		return ""
	}
	return s.Param + " " + sweep.Text(p.size, s.Unit)
}

// hold is how long the fault is held once its effect is confirmed; 0 where that is not known.
func (j *judge) hold() time.Duration {
	if s := j.data.Run.Sweep; s != nil && s.Param == result.SweptHold && j.size > 0 {
		return time.Duration(j.size * float64(time.Second))
	}
	return j.data.Run.Plan.Hold
}

// LimitWords is a limit for people: 4.2 %, or what is known of one that the sizes do not enclose: > 50 %.
func LimitWords(s *result.Sweep, l sweep.Limit) string {
	smallest, largest := sweep.Text(s.Sizes[0], s.Unit), sweep.Text(s.Sizes[len(s.Sizes)-1], s.Unit)
	more, less := "> ", "≤ "
	if s.Falls {
		more, less = "< ", "≥ "
	}
	switch l.Censored {
	case sweep.Above:
		return more + largest
	case sweep.Below:
		return less + smallest
	case sweep.Unknown:
		return "unknown"
	default:
		return sweep.Text(l.Size, s.Unit)
	}
}

// IntervalWords is the interval of a limit for people, with the ends that it has.
func IntervalWords(s *result.Sweep, l sweep.Limit) string {
	low, high := math.IsInf(l.Lo, 0), math.IsInf(l.Hi, 0)
	switch {
	case low && high:
		return "[open]"
	case low:
		return "[up to " + sweep.Text(l.Hi, s.Unit) + "]"
	case high:
		return "[from " + sweep.Text(l.Lo, s.Unit) + " on]"
	default:
		return "[" + sweep.Text(l.Lo, s.Unit) + ", " + sweep.Text(l.Hi, s.Unit) + "]"
	}
}
