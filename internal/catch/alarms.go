package catch

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/stats"
)

// Alarms is how often alerts fire at one level without a fault: in the clean windows of all passes, and in the whole passes of
// the fault that injects nothing. Standing alerts are not counted.
type Alarms struct {
	Level string
	Clean time.Duration // time without a fault that was watched
	N     int           // alerts that began to fire in it
	// PerHour is N per hour of Clean with its exact interval at 95 %. Without an alarm its upper end is 3 / Clean, the rule of
	// three. NaN where nothing was clean. The hours are those of the run, in which time-lapsed rules see more than in others.
	PerHour stats.Interval
}

const alarmConfidence = 0.95

func (a Alarms) plus(clean time.Duration, n int) Alarms {
	a.Clean, a.N = a.Clean+clean, a.N+n
	return a
}

// rate fills in what follows from the counts.
func (a Alarms) rate(level string) Alarms {
	a.Level = level
	if a.Clean > 0 {
		a.PerHour = stats.PoissonRate(a.N, a.Clean.Hours(), alarmConfidence)
	} else {
		a.PerHour = noInterval()
	}
	return a
}

// cleanTime is how much of the pass was without a fault, before one.
func (p *pass) cleanTime() time.Duration {
	if p.clean.IsZero() {
		return 0
	}
	end := p.inject
	if p.fault.ID == noFault {
		end = later(p.lastEvent, p.done)
	}
	return max(0, end.Sub(p.clean))
}
