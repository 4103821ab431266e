package runner

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// set is a reading of time.Now after somebody has set the wall clock: only the monotonic clock in it is as it was. Time.Add
// would move both. The layout of a time is that of the comments in package time.
func set(t time.Time, by time.Duration) time.Time {
	const seconds = 30 // where they begin in the first word
	if !strings.Contains(t.String(), " m=") || by%time.Second != 0 {
		panic("only a time with the monotonic clock can be set, by whole seconds")
	}
	wall := (*uint64)(unsafe.Pointer(&t))
	*wall += uint64(by/time.Second) << seconds
	return t
}

func TestStepBetween(t *testing.T) {
	before := time.Now()
	for _, by := range []time.Duration{0, time.Hour, -time.Hour, time.Second} {
		if got := stepBetween(before, set(before.Add(3*time.Second), by)); got != by {
			t.Errorf("a step by %s is taken for one by %s", by, got)
		}
	}
}

// A step while the toll is measured is a warning, once, with the stage; the run goes on.
func TestAStepIsAWarning(t *testing.T) {
	for by, want := range map[time.Duration]string{time.Hour: "forward by 1h0m0s", -time.Hour: "back by 1h0m0s", 0: ""} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run")
			dir, err := result.Create(path, result.Run{Started: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			r, _ := stepping(by)
			r.dir = dir
			r.stages.Begin("toll, launch 1 of 3", 0, "")
			stop := r.noteSteps(t.Context())
			time.Sleep(time.Minute)
			if err := errors.Join(stop(), r.finish(nil)); err != nil {
				t.Fatal(err)
			}
			data, err := result.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			warnings := strings.Join(data.Run.Warnings, "\n")
			if by == 0 && warnings != "" || by != 0 && (len(data.Run.Warnings) != 1 || !strings.Contains(warnings, want) || !strings.Contains(warnings, `"toll, launch 1 of 3"`)) {
				t.Errorf("a step by %s: warnings %q", by, data.Run.Warnings)
			}
			if took := data.Run.Ended.Sub(data.Run.Started); took != time.Minute {
				t.Errorf("the run took %s of a minute", took)
			}
		})
	}
}

// A step while faults are injected ends the catch, within two looks at the clock.
func TestAStepEndsTheCatch(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			r, steps := stepping(by)
			r.stages.Begin("fault consumer-lag", 0, "")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := r.steady(ctx, r.now(), endAtStep)
			if err == nil || !strings.Contains(err.Error(), `"fault consumer-lag"`) || !strings.Contains(err.Error(), "cannot be judged") {
				t.Errorf("error %v", err)
			}
			if late := time.Since(steps); late > 2*clockInterval {
				t.Errorf("the step was noticed after %s", late)
			}
		})
	}
}

// outside is a time with the monotonic clock, which times in a bubble of synctest do not have.
var outside = time.Now()

// stepping is a run in a bubble of synctest whose wall clock is set after ten and a half seconds.
func stepping(by time.Duration) (r *run, steps time.Time) {
	begin := time.Now()
	steps = begin.Add(10*time.Second + clockInterval/2)
	return &run{stages: &stages{Progress: silent{}}, now: func() time.Time {
		now := outside.Add(time.Since(begin))
		if time.Now().After(steps) {
			now = set(now, by)
		}
		return now
	}}, steps
}
