package perso

import (
	"context"
	"time"
)

// stopCheck is how often a sleeping pacer looks whether it is to stop.
const stopCheck = 100 * time.Millisecond

// wait sleeps until t, or at once if t is past. It is false if ctx ends before.
func (p *pacer) wait(ctx context.Context, t time.Time) bool {
	for left := time.Until(t); left > 0 && ctx.Err() == nil; left = time.Until(t) {
		p.sleep(t.Add(-max(left-stopCheck, 0)))
	}
	return ctx.Err() == nil
}
