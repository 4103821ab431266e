package catch

import (
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// The load generator is late when one in a hundred requests of a second leaves more than tooLate after it was due. A machine that has
// time for the catch sees that in next to no second, with a fault or without; one that has none, in most. Of the first kind, three
// runs were late by 20 ms in 1 % of the seconds and never by 50; of the second, one was late by 50 ms in 59 %.
const (
	tooLate  = 50 * time.Millisecond
	tooOften = 0.1
)

// Lateness is in how many of the seconds of a catch, of every level, the load generator was late.
type Lateness struct{ Late, Of int }

// lateness counts. Turns of a user's own script wait for each other, so that it counts none of these.
func lateness(d *result.Data) Lateness {
	var l Lateness
	if d.Run.Plan.Step != "" {
		return l
	}
	for _, s := range d.Slots {
		if s.Phase != slot.Catch {
			continue
		}
		l.Of++
		if s.Work.LagP99 > tooLate {
			l.Late++
		}
	}
	return l
}

// Busy says in a sentence that the machine was too busy for the catch; "" where it was not.
func (l Lateness) Busy() string {
	if float64(l.Late) <= tooOften*float64(l.Of) {
		return ""
	}
	return fmt.Sprintf("this machine was too busy for the catch: the load generator was more than %d ms late in %d %% of its seconds, and alerts may be false, "+
		"late or missing for the same reason; lower catch.rate, run fewer levels at once (catch.at_once), or keep other work off the machine",
		tooLate.Milliseconds(), l.Percent())
}

// Percent is the share of late seconds, rounded down; 0 where there was none at all.
func (l Lateness) Percent() int { return 100 * l.Late / max(1, l.Of) }
