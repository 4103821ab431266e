package catch

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
)

// underPowered says that the level could have had an expected alert, but that the hold showed too few slates for
// any of them that can fire in this run.
func (j *judge) underPowered() bool {
	shown := int64(0)
	from, to := j.confirmed[j.level.Name], first(j.revert, j.end)
	for _, s := range j.data.Slots {
		// A slot belongs to the window that its middle is in.
		middle := s.Start.Add(s.End.Sub(s.Start) / 2)
		if s.Phase == slot.Catch && s.Arm == j.level.Name && !middle.Before(from) && middle.Before(to) {
			shown += s.Work.Impressions
		}
	}
	possible := 0
	for i, a := range j.rules.all {
		id := j.rules.ids[i]
		if !slices.Contains(j.expected, id) || !emits(j.level, a.Needs) || j.obstacle(id) != "" {
			continue
		}
		if a.MinImpressions <= shown {
			return false
		}
		possible++
	}
	if possible > 0 {
		j.say("%d slates were shown during the fault, fewer than any expected alert needs", shown)
	}
	return possible > 0
}

// emits says that a level emits a signal (Alert.Needs), by the variables of the OpenTelemetry specification.
func emits(l result.Level, signal string) bool {
	return signal == "outside" || otelenv.Signal(signal).State(l.Env) != otelenv.Off
}
