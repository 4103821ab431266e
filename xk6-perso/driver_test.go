package perso

import (
	"cmp"
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

func testDriver(source *journey.Source, change func(*driverOptions)) *journeys {
	o := defaultDriver()
	o.source = source
	if change != nil {
		change(&o)
	}
	return newJourneys(o, "t", nil, func() *http.Transport { return newTransport(nil, o.workers) })
}

func testOrder(g *journeytest.Gateway, change func(*slot.Order)) slot.Order {
	o := slot.Order{Phase: slot.Toll, Targets: []slot.Target{{Arm: "a", URL: g.URL}}, Duration: 300 * time.Millisecond, Rate: 400}
	if change != nil {
		change(&o)
	}
	return o
}

// play runs a slot to its end, with its histograms if it is a recorded one.
func play(t *testing.T, d *journeys, o slot.Order) (slot.Report, []result.Interval) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latency.hlog")
	log, err := result.OpenLatency(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	run, err := d.run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	report, err := d.finish(run, log)
	if err != nil {
		t.Fatal(err)
	}
	intervals, err := result.ReadLatency(path)
	if err != nil {
		t.Fatal(err)
	}
	return report, intervals
}

// recordedCounts adds up the histograms of a kind, by step.
func recordedCounts(t *testing.T, intervals []result.Interval, kind string) (total int64) {
	t.Helper()
	for _, i := range intervals {
		if i.Kind == kind {
			total += histogram(t, i).TotalCount()
		}
	}
	return total
}

func sum(m map[string]int64) (total int64) {
	for _, n := range m {
		total += n
	}
	return total
}

func TestDriverCountsAddUp(t *testing.T) {
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	g.Spun = 200 * time.Microsecond
	d := testDriver(source, nil)
	for range 2 {
		before := len(g.Requests())
		report, intervals := play(t, d, testOrder(g, nil))
		a := report.Arms[0]
		got := int64(len(g.Requests()) - before)
		if a.Scheduled == 0 || a.Scheduled != a.Sent+a.Dropped || a.Sent != got || sum(a.Steps) != a.Sent || a.Failed != 0 {
			t.Errorf("scheduled %d, sent %d, dropped %d, failed %d, steps %v; the gateway saw %d",
				a.Scheduled, a.Sent, a.Dropped, a.Failed, a.Steps, got)
		}
		for _, kind := range kinds {
			if n := recordedCounts(t, intervals, kind); n != a.Sent {
				t.Errorf("%s: %d in the histograms, %d sent", kind, n, a.Sent)
			}
		}
		if a.Spun != g.Spun || a.SpunN != a.Steps[journey.Recommend] {
			t.Errorf("spun %s × %d, want %s × %d", a.Spun, a.SpunN, g.Spun, a.Steps[journey.Recommend])
		}
		if a.Breaks != 0 || report.End.Before(report.Start) || report.GeneratorCPU <= 0 {
			t.Errorf("breaks %d, from %s to %s, CPU %s", a.Breaks, report.Start, report.End, report.GeneratorCPU)
		}
	}
}

// Two arms of one launch get the same journeys, whenever their slots are.
func TestDriverSameWork(t *testing.T) {
	source := testCrowd(1)
	var clocks [2]time.Duration
	var arrived [2][]int64
	var logins [2]map[string]string
	for i := range clocks {
		g := journeytest.New(t, source.People())
		d := testDriver(source, nil)
		for range 2 {
			report, _ := play(t, d, testOrder(g, nil))
			arrived[i] = append(arrived[i], report.Arms[0].AgeBands...)
		}
		clocks[i], logins[i] = d.arms["a"].clock, g.Links()
	}
	if len(logins[0]) == 0 || !slices.Equal(arrived[0], arrived[1]) || clocks[0] != clocks[1] {
		t.Errorf("users %v until %s; in the other arm %v until %s", arrived[0], clocks[0], arrived[1], clocks[1])
	}
	for session, user := range logins[0] { // the last ones may not have come to their login in both
		if other, ok := logins[1][session]; ok && other != user {
			t.Errorf("session %s is %s in one arm and %s in the other", session, user, other)
		}
	}
}

func TestDriverWashout(t *testing.T) {
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	report, intervals := play(t, testDriver(source, nil), testOrder(g, func(o *slot.Order) { o.Washout = o.Duration / 2 }))
	n := recordedCounts(t, intervals, result.Response)
	if n == 0 || n >= report.Arms[0].Sent {
		t.Errorf("%d of %d requests recorded, want those behind the wash-out", n, report.Arms[0].Sent)
	}
	_, intervals = play(t, testDriver(source, nil), testOrder(g, func(o *slot.Order) { o.Washout = o.Duration }))
	if n := recordedCounts(t, intervals, result.Response); n != 0 {
		t.Errorf("%d requests recorded although all were in the wash-out", n)
	}
	_, intervals = play(t, testDriver(source, nil), testOrder(g, func(o *slot.Order) { o.Phase = slot.Warmup }))
	if len(intervals) != 0 {
		t.Errorf("%d histograms of a warm-up", len(intervals))
	}
}

// A slow stack does not slow the arrivals: its delay is in the response times, not in what was scheduled.
func TestDriverIsOpen(t *testing.T) {
	const delay = 120 * time.Millisecond
	source := testCrowd(1)
	var arrived [2][]int64
	for i, wait := range []time.Duration{0, delay} {
		g := journeytest.New(t, source.People())
		g.Delay = func(journeytest.Request) time.Duration { return wait }
		d := testDriver(source, nil)
		report, intervals := play(t, d, testOrder(g, nil))
		arrived[i] = report.Arms[0].AgeBands
		for _, in := range intervals {
			if in.Kind == result.Response && time.Duration(histogram(t, in).Min()) < wait*99/100 {
				t.Errorf("%s answered in %s", in.Step, time.Duration(histogram(t, in).Min()))
			}
		}
	}
	if slices.Max(arrived[0]) == 0 || !slices.Equal(arrived[0], arrived[1]) {
		t.Errorf("users %v, with a slow stack %v", arrived[0], arrived[1])
	}
}

// Without a free worker an arrival is dropped and counted, and so is what hangs on it.
func TestDriverDrops(t *testing.T) {
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	g.Delay = func(journeytest.Request) time.Duration { return 50 * time.Millisecond }
	report, _ := play(t, testDriver(source, func(o *driverOptions) { o.workers = 2 }), testOrder(g, nil))
	a := report.Arms[0]
	if a.Dropped == 0 || a.Scheduled != a.Sent+a.Dropped || int(a.Sent) != len(g.Requests()) {
		t.Errorf("scheduled %d, sent %d, dropped %d, seen %d", a.Scheduled, a.Sent, a.Dropped, len(g.Requests()))
	}
}

// Failures and timeouts are counted, and recorded with the time they took.
func TestDriverFailures(t *testing.T) {
	source := testCrowd(1)
	for name, tt := range map[string]struct {
		change  func(*journeytest.Gateway)
		atLeast time.Duration
	}{
		"status": {func(g *journeytest.Gateway) { g.Status = func(journeytest.Request) int { return 503 } }, 0},
		"timeout": {func(g *journeytest.Gateway) {
			g.Delay = func(journeytest.Request) time.Duration { return 200 * time.Millisecond }
		}, 90 * time.Millisecond},
	} {
		g := journeytest.New(t, source.People())
		tt.change(g)
		d := testDriver(source, func(o *driverOptions) { o.timeout = 100 * time.Millisecond })
		report, intervals := play(t, d, testOrder(g, nil))
		a := report.Arms[0]
		if a.Sent == 0 || a.Failed != a.Sent || recordedCounts(t, intervals, result.Service) != a.Sent || a.Breaks != 0 {
			t.Errorf("%s: sent %d, failed %d, recorded %d, breaks %d", name, a.Sent, a.Failed, recordedCounts(t, intervals, result.Service), a.Breaks)
		}
		for _, in := range intervals {
			if time.Duration(histogram(t, in).Min()) < tt.atLeast && in.Kind == result.Service {
				t.Errorf("%s: %s took %s", name, in.Step, time.Duration(histogram(t, in).Min()))
			}
		}
	}
}

// A stack that forgets who logged in is noticed.
func TestDriverBreaks(t *testing.T) {
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	g.Forget = true
	report, _ := play(t, testDriver(source, nil), testOrder(g, nil))
	a := report.Arms[0]
	if a.Breaks == 0 || a.Default["unknown-user"] < a.Breaks {
		t.Errorf("%d breaks, default content %v", a.Breaks, a.Default)
	}
}

// The end of the test ends a slot; what was done is still reported.
func TestDriverStops(t *testing.T) {
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	ctx, cancel := context.WithCancel(context.Background())
	g.Status = func(journeytest.Request) int { cancel(); return 0 }
	d := testDriver(source, nil)
	run, err := d.run(ctx, testOrder(g, func(o *slot.Order) { o.Duration = time.Hour }))
	if err != nil {
		t.Fatal(err)
	}
	report, err := d.finish(run, nil)
	if a := report.Arms[0]; err != nil || a.Sent == 0 || a.Failed != 0 {
		t.Errorf("error %v, sent %d, failed %d", err, a.Sent, a.Failed)
	}
}

// Arms under load at the same time get the same journeys, but not at the same instants.
func TestDriverSpreadsArms(t *testing.T) {
	source := testCrowd(1)
	g, h := journeytest.New(t, source.People()), journeytest.New(t, source.People())
	d := testDriver(source, nil)
	report, _ := play(t, d, testOrder(g, func(o *slot.Order) {
		o.Phase, o.Targets = slot.Catch, append(o.Targets, slot.Target{Arm: "b", URL: h.URL})
	}))
	if len(report.Arms) != 2 || report.Arms[0].Sent == 0 || report.Arms[1].Sent == 0 {
		t.Fatalf("%+v", report.Arms)
	}
	a, b := d.arms["a"], d.arms["b"]
	if a.clock-b.clock != testOrder(g, nil).Duration/2 {
		t.Errorf("clocks at %s and %s, want half a slot between them", a.clock, b.clock)
	}
	play(t, d, testOrder(g, nil))
	play(t, d, testOrder(h, func(o *slot.Order) { o.Targets[0].Arm = "b" }))
	if a.clock != b.clock {
		t.Errorf("clocks at %s and %s, want them together again when arms take turns", a.clock, b.clock)
	}
}

func histogram(t *testing.T, i result.Interval) *hdr.Histogram {
	t.Helper()
	h, err := i.Histogram()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func testCrowd(seed int64) *journey.Source {
	return journey.FromPopulation(journey.People{Seed: seed, Users: 200, Items: 50})
}

// TestDriverSlices: a slot in slices does the work of one in one piece, and is reported and written once, at its end.
func TestDriverSlices(t *testing.T) {
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	d := testDriver(source, nil)
	path := filepath.Join(t.TempDir(), "latency.hlog")
	log, err := result.OpenLatency(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	const pieces = 6
	var last slot.Report
	for n := range pieces {
		run, err := d.run(context.Background(), testOrder(g, func(o *slot.Order) {
			o.ID, o.Duration, o.More = n, o.Duration/pieces, n < pieces-1
		}))
		if err != nil {
			t.Fatal(err)
		}
		report, err := d.finish(run, log)
		if err != nil {
			t.Fatal(err)
		}
		if length := report.End.Sub(report.Start); length < 0 || length > time.Second {
			t.Errorf("slice %d was %v long", n, length)
		}
		if written, err := result.ReadLatency(path); n < pieces-1 && (len(report.Arms) > 0 || len(written) > 0 || err != nil) {
			t.Fatalf("slice %d of %d: %d arms reported, %d lines written, %v", n, pieces, len(report.Arms), len(written), err)
		}
		last = report
	}
	whole, _ := play(t, testDriver(source, nil), testOrder(g, nil))
	intervals, err := result.ReadLatency(path)
	if err != nil {
		t.Fatal(err)
	}
	a, b := last.Arms[0], whole.Arms[0]
	if got := recordedCounts(t, intervals, result.Response); len(last.Arms) != 1 || got != a.Sent || a.Sent != b.Sent || a.Clicks != b.Clicks {
		t.Errorf("in slices %d sent, %d recorded, %d clicks; in one piece %d sent, %d clicks", a.Sent, got, a.Clicks, b.Sent, b.Clicks)
	}
	next, _ := play(t, d, testOrder(g, func(o *slot.Order) { o.Duration /= pieces }))
	if next.Arms[0].Sent >= a.Sent {
		t.Errorf("the next slot reports %d requests, which are also those of the one before", next.Arms[0].Sent)
	}
}

// Requests that are held back leave late by just that, are measured from when they were due, and do not count as the generator's own lag. They
// were due earlier, so that the slot takes no longer.
func TestDriverHoldsBack(t *testing.T) {
	const hold = 10 * time.Second
	source := testCrowd(1)
	g := journeytest.New(t, source.People())
	d := testDriver(source, nil)
	began := time.Now()
	report, intervals := play(t, d, testOrder(g, func(o *slot.Order) { o.Hold = hold }))
	if took := time.Since(began); took > hold || report.Start.Before(began) || report.End.Sub(report.Start) > took {
		t.Errorf("the slot took %v; the report says from %v to %v after its beginning", took, report.Start.Sub(began), report.End.Sub(began))
	}
	if a := report.Arms[0]; a.Sent == 0 || a.Spun != hold || a.SpunN != a.Sent {
		t.Errorf("sent %d; spun %s × %d, want %s each", a.Sent, a.Spun, a.SpunN, hold)
	}
	least := map[string]time.Duration{}
	for _, i := range intervals {
		least[i.Kind] = min(cmp.Or(least[i.Kind], time.Hour), time.Duration(histogram(t, i).Min()))
	}
	if least[result.Response] < hold*99/100 || least[result.Service] > hold/2 || least[result.Lag] > hold/2 {
		t.Errorf("the least of each kind: %v, held back by %s", least, hold)
	}
}
