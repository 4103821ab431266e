package runner

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv"
)

// resting is an arm that uses CPU time only while it is unparked, and the rest of its warm-up in its first readings.
type resting struct {
	testenv.Arm
	name     string
	unparked *[]string // of all arms
	left     int       // readings until it is at rest
	cpu      time.Duration
	asked    int64
}

func (a *resting) Name() string    { return a.name }
func (a *resting) Gateway() string { return "http://" + a.name }

func (a *resting) Unpark() error {
	*a.unparked = append(*a.unparked, a.name)
	return nil
}

func (a *resting) Park() error {
	*a.unparked = slices.DeleteFunc(*a.unparked, func(name string) bool { return name == a.name })
	return nil
}

func (a *resting) Usage() (testenv.Usage, error) {
	a.cpu += time.Millisecond
	if slices.Contains(*a.unparked, a.name) && a.left > 0 {
		a.left--
		a.cpu += time.Second
	}
	return testenv.Usage{
		CPU: map[string]time.Duration{"gateway": a.cpu}, RSS: map[string]int64{"gateway": 5}, Peak: map[string]int64{"gateway": 9},
	}, nil
}

func (a *resting) Telemetry(context.Context) (result.Telemetry, error) {
	return result.Telemetry{}, nil
}

func (a *resting) Runtime(context.Context) (map[string]result.Runtime, error) {
	a.asked++
	return map[string]result.Runtime{"gateway": {AllocBytes: 100 * a.asked}}, nil
}

// silent shows no progress.
type silent struct{}

func (silent) Begin(string, time.Duration, string) {}
func (silent) Advance(time.Duration)               {}
func (silent) End(string)                          {}
func (silent) Tell(string, []string)               {}

// restTurns are the turns of three arms at rest: in one piece, or two.
func restTurns(idle time.Duration) [][]int {
	switch idle {
	case 0:
		return nil
	case 30 * time.Millisecond:
		return [][]int{{2, 0, 1}}
	default:
		return [][]int{{2, 0, 1}, {0, 1, 2}}
	}
}

// TestIdle: every arm is metered once, alone, and only after what it had left to do; then it is parked again.
func TestIdle(t *testing.T) {
	for _, idle := range []time.Duration{0, 30 * time.Millisecond, 40 * time.Millisecond} {
		dir, err := result.Create(filepath.Join(t.TempDir(), "run"), result.Run{Levels: []result.Level{{Name: "off"}, {Name: "metrics"}, {Name: "full"}}})
		if err != nil {
			t.Fatal(err)
		}
		e := &experiment.Experiment{Toll: experiment.Toll{Idle: idle, DrainLimit: 10 * time.Second}, Telemetry: experiment.Telemetry{BatchDelay: time.Millisecond}}
		r := &run{Experiment: e, Options: Options{Progress: silent{}}, dir: dir}
		var unparked []string
		arms := make([]testenv.Arm, 3)
		for i, name := range []string{"off", "metrics", "full"} {
			arms[i] = &resting{name: name, unparked: &unparked, left: 3}
		}
		if err := r.idle(t.Context(), 4, arms, restTurns(idle)); err != nil {
			t.Fatal(err)
		}
		if err := dir.Close(); err != nil {
			t.Fatal(err)
		}
		d, err := result.Read(dir.Dir())
		if err != nil {
			t.Fatal(err)
		}
		if idle == 0 {
			if len(d.Slots) != 0 {
				t.Errorf("%d lines though rest is not to be measured", len(d.Slots))
			}
			continue
		}
		if len(unparked) != 0 || len(d.Slots) != 3 {
			t.Fatalf("%d lines, left unparked: %v", len(d.Slots), unparked)
		}
		for i, want := range []string{"full", "off", "metrics"} {
			s := d.Slots[i]
			if s.Arm != want || s.Phase != slot.Idle || s.Launch != 4 || s.Position != i || !s.Drained {
				t.Errorf("line %d: %+v", i, s)
			}
			// The arm uses 1 ms from one reading to the next: in each piece, and in the drain, which reads it twice or more.
			if pieces := time.Duration(len(restTurns(idle))); s.CPU["gateway"] < (pieces+2)*time.Millisecond || s.CPU["gateway"] > (pieces+6)*time.Millisecond || s.Metered < idle || s.Peak["gateway"] != 9 || s.Runtime["gateway"].AllocBytes != 100 {
				t.Errorf("line %d used %+v", i, s)
			}
		}
	}
}
