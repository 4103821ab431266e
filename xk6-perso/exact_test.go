package perso

import (
	"math"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// late is when a slot is not judged: journeys whose answers come late have fewer steps.
const late = 50 * time.Millisecond

// An exact order gets its rate at once, whatever the slot before had, and a Tail for what it recorded.
func TestDriverExactRate(t *testing.T) {
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	d := testDriver(source, nil)
	for range 4 { // journeys get into their swing, and the share of the steps that become requests is learned
		play(t, d, testOrder(g, nil))
	}
	for _, rate := range []float64{800, 200, 1200, 400} {
		order := testOrder(g, func(o *slot.Order) {
			o.Phase, o.Rate, o.Exact, o.Duration, o.Washout = slot.Capacity, rate, true, 500*time.Millisecond, 50*time.Millisecond
		})
		report, intervals := play(t, d, order)
		for range 10 { // a slot in which this machine was late says nothing of the rate that was offered
			if report.Arms[0].LagP99 < late {
				break
			}
			report, intervals = play(t, d, order)
		}
		if report.Arms[0].LagP99 >= late {
			t.Skipf("at %g requests/s the generator was late by %v in ten slots in a row: the machine is too busy for this test", rate, report.Arms[0].LagP99)
		}
		a, want := report.Arms[0], rate*order.Duration.Seconds()
		if off := float64(a.Scheduled)/want - 1; math.Abs(off) > 0.1 { // the luck of clicks, of 100 to 600 requests
			t.Errorf("at %g requests/s: %d scheduled, want %g within 10 %%", rate, a.Scheduled, want)
		}
		tail := a.Tails[journey.Recommend]
		for _, i := range intervals {
			if h := histogram(t, i); i.Step == journey.Recommend && i.Kind == "response" &&
				(tail.N != h.TotalCount() || tail.Response != time.Duration(h.ValueAtQuantile(99))) {
				t.Errorf("tail %+v, want that of %d requests, %d ns", tail, h.TotalCount(), h.ValueAtQuantile(99))
			}
		}
		if tail.N == 0 || tail.Service <= 0 || tail.Service > tail.Response {
			t.Errorf("tail %+v of %d recommends", tail, a.Steps[journey.Recommend])
		}
	}
	report, _ := play(t, d, testOrder(g, nil))
	if report.Arms[0].Tails != nil {
		t.Errorf("tails %v in a toll slot", report.Arms[0].Tails)
	}
}
