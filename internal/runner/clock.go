package runner

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// How often the wall clock is compared with the monotonic one, and what is called a step: more than a clock that is kept in time
// by small corrections goes wrong between two looks.
const (
	clockInterval = time.Second
	leastStep     = 500 * time.Millisecond
)

// stepBetween is how far the wall clock went between two readings of time.Now beyond the time that passed, which the monotonic
// clock in them says.
func stepBetween(before, now time.Time) time.Duration {
	return now.Round(0).Sub(before.Round(0)) - now.Sub(before)
}

// clockStep is a step of the wall clock.
type clockStep struct {
	by    time.Duration
	now   time.Time // after the step
	stage string    // of the run, in which it was noticed
}

func (s clockStep) String() string {
	way := "forward"
	if s.by < 0 {
		way = "back"
	}
	return fmt.Sprintf("the wall clock went %s by %s to %s during the stage %q (it was set, or the machine slept)",
		way, s.by.Abs().Round(time.Millisecond), s.now.UTC().Format(time.RFC3339), s.stage)
}

// steady compares the clocks, from the reading before on, until ctx ends or stepped returns an error.
func (r *run) steady(ctx context.Context, before time.Time, stepped func(clockStep) error) error {
	for {
		if err := sleep(ctx, clockInterval); err != nil {
			return err
		}
		now := r.now()
		if by := stepBetween(before, now); by.Abs() >= leastStep {
			if err := stepped(clockStep{by, now, r.stages.stage()}); err != nil {
				return err
			}
		}
		before = now
	}
}

// noteSteps makes a warning of every step of the wall clock, until stop is called. It is for phases that measure by the
// monotonic clock alone.
func (r *run) noteSteps(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	failed := make(chan error, 1)
	go func() {
		var err error
		_ = r.steady(ctx, r.now(), func(s clockStep) error { // ends with ctx, or with err
			err = r.dir.Update(func(m *result.Run) {
				m.Warnings = append(m.Warnings, s.String()+": what was measured does not depend on it, but times of day before and after it do not fit together")
			})
			return err
		})
		failed <- err
	}()
	return func() error {
		cancel()
		return <-failed
	}
}

// endAtStep ends the catch at a step of the wall clock: Prometheus dates its samples and evaluates rules by that clock, so that
// neither an alert nor its absence would tell anything any more.
func endAtStep(s clockStep) error {
	return fmt.Errorf("%s: Prometheus dates samples and evaluates rules by the wall clock, so that the passes that were not over cannot be judged; "+
		"those that were over can: run again, and leave the clock alone", s)
}

// stages passes progress on, and knows the stage that is on.
type stages struct {
	Progress
	on atomic.Pointer[string]
}

// Begin implements Progress.
func (s *stages) Begin(stage string, length time.Duration, why string) {
	s.on.Store(&stage)
	s.Progress.Begin(stage, length, why)
}

// stage is the last one that has begun; "" before the first.
func (s *stages) stage() string {
	if on := s.on.Load(); on != nil {
		return *on
	}
	return ""
}
