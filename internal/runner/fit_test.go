package runner

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// TestFit: the catch of pr, with 80 requests a second at each of four levels, takes them all at once where the machine has the CPU time,
// and fewer where it does not, unless the experiment says how many.
func TestFit(t *testing.T) {
	for _, tt := range []struct {
		name    string
		each    time.Duration // CPU time of a request at every level, that of the load generator included
		cores   int
		change  func(*experiment.Experiment)
		want    int  // launches of the catch
		skipped bool // the toll is not asked
	}{
		{"a fast machine", 3 * time.Millisecond, 2, nil, 1, false}, // 0.96 cores
		{"a slow machine", 4 * time.Millisecond, 2, nil, 2, false}, // 1.28
		{"slow cores, but many", 4 * time.Millisecond, 3, nil, 1, false},
		{"a very slow machine", 9 * time.Millisecond, 2, nil, 4, false}, // 0.72 for one, 1.44 for two
		{"one core", 20 * time.Millisecond, 1, nil, 4, false},           // no level fits; there is always one
		{"the number is asked for", 4 * time.Millisecond, 2, func(e *experiment.Experiment) { e.Catch.AtOnce = 4 }, 1, true},
		{"another rate", 4 * time.Millisecond, 2, func(e *experiment.Experiment) { e.Catch.Rate = 40 }, 1, false},
		{"a wash-out", 4 * time.Millisecond, 2, func(e *experiment.Experiment) {
			e.Toll.Slice, e.Toll.Slot, e.Toll.Washout = 0, time.Second, 500*time.Millisecond
		}, 1, false},
		{"a system of the user's own", 4 * time.Millisecond, 2, func(e *experiment.Experiment) { e.Environment = "external" }, 1, true},
		{"no toll", 4 * time.Millisecond, 2, func(e *experiment.Experiment) { e.Toll.Launches = 0 }, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := experiment.Profile("pr")
			if err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(e)
			}
			dir, err := result.Create(filepath.Join(t.TempDir(), "run"), result.Run{})
			if err != nil {
				t.Fatal(err)
			}
			defer dir.Close()
			data := &result.Data{Run: result.Run{Machine: result.Machine{Cores: tt.cores}}}
			for _, l := range e.Levels {
				for _, phase := range []string{slot.Toll, slot.Idle} {
					data.Slots = append(data.Slots, result.Slot{
						Phase: phase, Arm: l.Name, Work: slot.ArmReport{Sent: 100},
						CPU: map[string]time.Duration{"gateway": 60 * tt.each, "backing": 20 * tt.each}, GeneratorCPU: 20 * tt.each,
					})
				}
			}
			progress := &told{}
			r := &run{Experiment: e, Options: Options{Progress: progress}, dir: dir}
			if tt.skipped {
				err = r.fit() // before it reads anything
			} else {
				err = r.fitBy(data)
			}
			if err != nil {
				t.Fatal(err)
			}
			launches := r.CatchLaunches()
			if len(launches) != tt.want || len(slices.Concat(launches...)) != len(e.Levels) {
				t.Errorf("launches %v, want %d", launches, tt.want)
			}
			meta := dir.Run()
			if fewer := tt.want > 1; len(meta.Warnings) > 0 != fewer || strings.Contains(progress.text.String(), "catch.at_once: 4") != fewer || fewer != (len(meta.CatchLaunches) == tt.want) {
				t.Errorf("said %q, warnings %q, recorded launches %v", progress.text.String(), meta.Warnings, meta.CatchLaunches)
			}
		})
	}
}

// TestAtOnceThatFit: what counts is the launches as they will be, of as many levels each as can be alike.
func TestAtOnceThatFit(t *testing.T) {
	for _, tt := range []struct {
		needs []float64
		want  int
	}{
		{[]float64{0.2, 0.3, 0.4}, 3},
		{[]float64{0.2, 0.5, 0.4}, 2},           // one, and two
		{[]float64{0.1, 0.6, 0.6, 0.1}, 2},      // three launches would do as well, but there are two or four
		{[]float64{0.6, 0.6, 0.1, 0.1}, 1},      // two together need 1.2
		{[]float64{0.3, 0.3, 0.3, 0.3, 0.3}, 3}, // two, and three
		{[]float64{0, 0, 0}, 3},                 // not known
		{[]float64{2, 2}, 1},
	} {
		e, needs := experiment.Experiment{}, map[string]float64{}
		for i, need := range tt.needs {
			name := fmt.Sprint(i)
			e.Levels, needs[name] = append(e.Levels, experiment.Level{Level: result.Level{Name: name}}), need
		}
		if got := atOnceThatFit(e, needs, 1); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.needs, got, tt.want)
		}
		if e.Catch.AtOnce = tt.want; tt.want == 1 {
			continue
		}
		for _, levels := range e.CatchLaunches() {
			sum := 0.0
			for _, level := range levels {
				sum += needs[level]
			}
			if sum > 1 {
				t.Errorf("%v: a launch of %d levels needs %.1f", tt.needs, len(levels), sum)
			}
		}
	}
}
