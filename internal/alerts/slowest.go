package alerts

import (
	"fmt"
	"time"
)

// Slowest is the longest evaluation interval among the groups that name one; 0 if none does.
func (l *Lapsed) Slowest() time.Duration {
	groups, err := parse("the time-lapsed rules", l.Text, nil)
	if err != nil {
		panic(fmt.Sprintf("alerts: Lapse wrote what cannot be read: %v", err))
	}
	var longest time.Duration
	for _, g := range groups {
		longest = max(longest, time.Duration(g.Interval))
	}
	return longest
}
