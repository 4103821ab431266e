package verdict

import (
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// rest puts what arms used at rest in order; idle is by launch number and arm. It is known of all arms in all launches that have a
// complete round, or taken not to be known at all: arms from which it is taken off and arms from which it is not cannot be
// compared.
func (m *measured) rest(idle map[int][]result.Slot) {
	m.idle = make([][]result.Slot, len(m.run.Arms))
	for _, rounds := range m.launches {
		lines := idle[rounds[0].slots[0].Launch]
		if lines == nil || slices.ContainsFunc(lines, func(s result.Slot) bool { return metered(s) <= 0 }) {
			m.idle = nil
			return
		}
		for arm, s := range lines {
			m.idle[arm] = append(m.idle[arm], s)
		}
	}
}

// metered is the time in which a slot's CPU time was used.
func metered(s result.Slot) time.Duration {
	if s.Metered > 0 {
		return s.Metered
	}
	return s.End.Sub(s.Start) + s.Drain
}

// idleRate is what an arm comes to at rest in a launch, per second (CPU seconds: in cores); 0 where that is not known.
func (m *measured) idleRate(arm, launch int, amount func(result.Slot) float64) float64 {
	if m.idle == nil {
		return 0
	}
	s := m.idle[arm][launch]
	return amount(s) / metered(s).Seconds()
}

// net reads the CPU time of a slot less what the arm would have used at rest in the same time, in the same launch. By the
// noise of both it may be 0 or less where requests cost next to nothing.
func (m *measured) net(arm, launch int, cpu func(result.Slot) float64) func(result.Slot) float64 {
	rate := m.idleRate(arm, launch, cpu)
	return func(s result.Slot) float64 { return cpu(s) - rate*metered(s).Seconds() }
}

// noIdle is the footnote where nothing can be taken off.
const noIdle = "this run does not know what its arms use at rest (toll.idle), so that it is still in here"

// netPerRequest is perRequest of CPU time, less the cost at rest.
func netPerRequest(cpu func(result.Slot) float64) func(*measured) series {
	return func(m *measured) series {
		s := perRound(m, func(arm, launch int, s result.Slot) float64 { return m.net(arm, launch, cpu)(s) })
		if s.net = m.idle != nil; !s.net {
			s.note = noIdle
		}
		return s
	}
}

// atRest reads CPU time at rest, in seconds per hour. There is one line per launch.
func atRest(cpu func(result.Slot) float64) func(*measured) series {
	return byLaunch(func(m *measured, arm, launch int) float64 { return 3600 * m.idleRate(arm, launch, cpu) })
}
