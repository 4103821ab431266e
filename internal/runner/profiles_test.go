package runner

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/flame/flametest"
	"github.com/tollgate-dev/tollgate/testenv"
)

// profiledArm is an arm whose services serve CPU profiles: one well, one not at all, one a page.
type profiledArm struct {
	resting
	url string
}

func (a *profiledArm) Gateway() string    { return a.url }
func (a *profiledArm) Profiled() []string { return []string{"broken", "silent", "well"} }

func (a *profiledArm) CPUProfile(_ context.Context, service string, length time.Duration) ([]byte, error) {
	if !slices.Equal(*a.unparked, []string{a.name}) || length != time.Second {
		return nil, errors.New("another arm takes load, or another length is asked for")
	}
	switch service {
	case "well":
		return flametest.Profile(flametest.Stack{Calls: "main.main", Samples: 7}), nil
	case "broken":
		return []byte("<html>"), nil
	default:
		return nil, errors.New("GET http://me:secret@shop/: refused")
	}
}

// generate does what the load generator does until the test ends: it takes orders, and reports that all was sent.
func generate(t *testing.T, c *conductor, orders chan<- slot.Order) {
	for {
		resp := ask(t, c, http.MethodGet, "/next", c.token, nil)
		if resp.StatusCode != http.StatusOK {
			return
		}
		var order slot.Order
		if err := json.NewDecoder(resp.Body).Decode(&order); err != nil {
			return
		}
		orders <- order
		sent := int64(order.Rate * order.Duration.Seconds())
		ask(t, c, http.MethodPost, "/report", c.token, slot.Report{Order: order.ID, Arms: []slot.ArmReport{{Arm: order.Targets[0].Arm, Scheduled: sent, Sent: sent, Failed: 1}}})
	}
}

// TestCPUProfiles: every level has its load and its profiles alone and in an order of its own, the control has none, and what cannot
// be had is recorded with the reason.
func TestCPUProfiles(t *testing.T) {
	dir, err := result.Create(filepath.Join(t.TempDir(), "run"), result.Run{Levels: []result.Level{{Name: "off"}, {Name: "full"}}})
	if err != nil {
		t.Fatal(err)
	}
	c := newTestConductor(t)
	orders := make(chan slot.Order, 10)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		generate(t, c, orders)
	}()
	e := &experiment.Experiment{
		Levels: experiment.Levels{{Level: result.Level{Name: "off"}}, {Level: result.Level{Name: "full"}}},
		Toll:   experiment.Toll{CPUProfile: time.Second, Rate: 100, DrainLimit: 10 * time.Second}, Telemetry: experiment.Telemetry{BatchDelay: time.Millisecond},
	}
	r := &run{Experiment: e, Options: Options{Progress: silent{}}, dir: dir, conductor: c}
	var unparked []string
	var arms []testenv.Arm
	for _, name := range []string{"off", experiment.RepeatArm, "full"} {
		arms = append(arms, &profiledArm{resting: resting{name: name, unparked: &unparked}, url: "http://" + name})
	}
	if err := r.cpuProfiles(t.Context(), 1, arms, []int{2, 1, 0}); err != nil {
		t.Fatal(err)
	}
	if err := dir.Finish(func(m *result.Run) { m.Status = result.Complete }); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"http://full", "http://off"} {
		if o := <-orders; o.Phase != slot.Warmup || len(o.Targets) != 1 || o.Targets[0].URL != want || o.Duration != 1600*time.Millisecond || o.Rate != 100 || !o.Exact {
			t.Errorf("order %+v, want one for %s", o, want)
		}
	}
	d, err := result.Read(dir.Dir())
	if err != nil || len(d.CPUProfiles) != 6 || len(d.Slots) != 0 || len(unparked) != 0 || len(orders) != 0 {
		t.Fatalf("%d profiles, %d slots, unparked %v, more orders %d: %v", len(d.CPUProfiles), len(d.Slots), unparked, len(orders), err)
	}
	for i, want := range []struct{ arm, service, missing string }{
		{"full", "broken", "no CPU profile in the format of pprof: "}, {"full", "silent", "GET http://[redacted]@shop/: refused"}, {"full", "well", ""},
		{"off", "broken", "no CPU profile in the format of pprof: "}, {"off", "silent", "GET http://[redacted]@shop/: refused"}, {"off", "well", ""},
	} {
		p := d.CPUProfiles[i]
		if p.Arm != want.arm || p.Service != want.service || p.Launch != 1 || p.Load != 1600*time.Millisecond || p.Length != time.Second || p.Sent != 160 || p.Failed != 1 {
			t.Errorf("got %+v", p)
		}
		if (p.Missing == "") != (want.missing == "") || len(p.Missing) < len(want.missing) || p.Missing[:len(want.missing)] != want.missing || (p.Text == nil) != (want.missing != "") {
			t.Errorf("%s of %s: missing %q, want %q", want.service, want.arm, p.Missing, want.missing)
		}
	}
	r.Toll.CPUProfile = 0
	if err := r.cpuProfiles(t.Context(), 2, arms, []int{0, 1, 2}); err != nil || len(orders) != 0 {
		t.Errorf("though none are wanted, %d orders: %v", len(orders), err)
	}
	c.finish()
	<-ended
}
