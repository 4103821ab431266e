package runner

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv"
)

// makeLoad carries out orders as a load generator that is always done after a millisecond, and tells watch of each.
func makeLoad(t *testing.T, c *conductor, watch func(slot.Order)) {
	for {
		resp := ask(t, c, http.MethodGet, "/next", c.token, nil)
		if resp.StatusCode != http.StatusOK || t.Failed() {
			return
		}
		var o slot.Order
		if err := json.NewDecoder(resp.Body).Decode(&o); err != nil {
			t.Error(err)
			return
		}
		watch(o)
		now := time.Now()
		report := slot.Report{Order: o.ID, Start: now, End: now.Add(time.Millisecond), GeneratorCPU: time.Microsecond}
		if !o.More {
			report.Arms = []slot.ArmReport{{Arm: o.Targets[0].Arm, Scheduled: 7, Sent: 7}}
		}
		ask(t, c, http.MethodPost, "/report", c.token, report)
	}
}

// readSlots reads a file of slots; that of a run without a load generator is not whole.
func readSlots(t *testing.T, path string) (out []result.Slot) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var s result.Slot
		if err := json.Unmarshal(line, &s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// TestSliced: the arms of a round alternate in slices, one alone at a time; each has one line of cost at the end, of all its slices.
func TestSliced(t *testing.T) {
	const delay = 300 * time.Microsecond
	dir, err := result.Create(filepath.Join(t.TempDir(), "run"), result.Run{
		Levels: []result.Level{{Name: "off"}, {Name: "full"}}, Arms: []result.Arm{{Name: experiment.DelayArm}},
	})
	if err != nil {
		t.Fatal(err)
	}
	e := &experiment.Experiment{
		Environment: "process", Telemetry: experiment.Telemetry{BatchDelay: time.Millisecond},
		Levels: []experiment.Level{{Level: result.Level{Name: "off"}}, {Level: result.Level{Name: "full"}}},
		Toll: experiment.Toll{
			Slot: 300 * time.Millisecond, Slice: 100 * time.Millisecond, Rate: 10, Washout: 50 * time.Millisecond, DrainLimit: 10 * time.Second, KnownDelay: delay,
		},
	}
	r := &run{Experiment: e, Options: Options{Progress: silent{}}, dir: dir, conductor: newTestConductor(t)}
	var unparked []string
	names := []string{"off", experiment.DelayArm, "full"}
	arms := make([]testenv.Arm, len(names))
	for i, name := range names {
		arms[i] = &resting{name: name, unparked: &unparked}
	}
	var had []string
	more := map[string]int{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		makeLoad(t, r.conductor, func(o slot.Order) {
			arm := o.Targets[0].Arm
			if !slices.Equal(unparked, []string{arm}) || o.Duration != 100*time.Millisecond || o.Washout != 0 {
				t.Errorf("order %+v with %v unparked", o, unparked)
			}
			if (arm == experiment.DelayArm) != (o.Hold == delay) || (arm != experiment.DelayArm) != (o.Hold == 0) {
				t.Errorf("requests to %s are held back by %v", arm, o.Hold)
			}
			had = append(had, arm)
			if o.More {
				more[arm]++
			}
		})
	}()
	rounds := [][][]int{{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}}, {{2, 1, 0}, {1, 0, 2}, {0, 2, 1}}}
	if err := r.rounds(t.Context(), 4, arms, rounds); err != nil {
		t.Fatal(err)
	}
	r.conductor.finish()
	<-ended
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, round := range rounds {
		for _, order := range round {
			for _, arm := range order {
				want = append(want, names[arm])
			}
		}
	}
	if !slices.Equal(had, want) || more["off"] != 4 || more["full"] != 4 || len(unparked) > 0 {
		t.Errorf("load went to %v, in part %v; left unparked: %v", had, more, unparked)
	}
	written := readSlots(t, dir.Path(result.CostFile))
	if len(written) != 6 {
		t.Fatalf("%d lines", len(written))
	}
	for i, s := range written {
		if s.Arm != names[rounds[i/3][0][i%3]] || s.Round != i/3 || s.Launch != 4 || s.Position != i%3 || s.Before != "" || s.Slices != 3 {
			t.Errorf("line %d: %+v", i, s)
		}
		if s.Load != 3*time.Millisecond || s.Loaded() != s.Load || s.GeneratorCPU != 3*time.Microsecond || s.Work.Sent != 7 || !s.Drained {
			t.Errorf("line %d: %+v", i, s)
		}
		// The arm uses 1 ms from one reading to the next: one in each slice, and those of the drain.
		if cpu := s.CPU["gateway"]; cpu < 4*time.Millisecond || cpu > 12*time.Millisecond || s.Runtime["gateway"].AllocBytes != 100 {
			t.Errorf("line %d used %+v", i, s)
		}
	}
}
