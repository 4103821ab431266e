package perso

import (
	"context"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// BenchmarkDriver shows what the driver itself costs. punctual is how late requests start at 1,000 a second, in µs, and the
// CPU time of one, that of the fake gateway included; journeys and turns are the time that one step or turn takes to come due and
// be dropped, as nobody is free to make it.
func BenchmarkDriver(b *testing.B) {
	b.Run("punctual", func(b *testing.B) {
		source := testCrowd(1)
		g := journeytest.New(b, source.People())
		d := testDriver(source, nil)
		order := testOrder(g, func(o *slot.Order) { o.Duration, o.Rate = time.Second, 1000 })
		benchSlot(b, d.driver, order) // journeys get into their swing
		var p50, p99, cpu float64
		for b.Loop() {
			run, report := benchSlot(b, d.driver, order)
			p50 += float64(run.records[0].lag.ValueAtQuantile(50)) / 1e3
			p99 += float64(run.records[0].lag.ValueAtQuantile(99)) / 1e3
			cpu += float64(report.GeneratorCPU.Microseconds()) / float64(report.Arms[0].Sent)
		}
		b.ReportMetric(p50/float64(b.N), "p50-µs")
		b.ReportMetric(p99/float64(b.N), "p99-µs")
		b.ReportMetric(cpu/float64(b.N), "cpu-µs/request")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("journeys", func(b *testing.B) {
		source := testCrowd(1)
		g := journeytest.New(b, source.People())
		d := testDriver(source, nil)
		order := testOrder(g, func(o *slot.Order) { o.Duration, o.Rate = 100*time.Millisecond, 500_000 })
		d.workers, d.busy = 0, nil // nobody is free
		for b.Loop() {
			benchSlot(b, d.driver, order)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(d.planned), "ns/step")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("turns", func(b *testing.B) {
		t := newTurns(turnsOptions{seed: 1, vus: 1})
		close(t.all) // the VU came, and is busy for ever
		order := slot.Order{
			Phase: slot.Toll, Targets: []slot.Target{{Arm: "a", URL: "http://127.0.0.1"}, {Arm: "b", URL: "http://127.0.0.2"}},
			Duration: 100 * time.Millisecond, Rate: 5_000_000,
		}
		due := int64(0)
		for b.Loop() {
			_, report := benchSlot(b, t.driver, order)
			due += report.Arms[0].Dropped + report.Arms[1].Dropped
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(due), "ns/turn")
		b.ReportMetric(0, "ns/op")
	})
}

func benchSlot(b *testing.B, d *driver, order slot.Order) (*slotRun, slot.Report) {
	b.Helper()
	run, err := d.run(context.Background(), order)
	if err != nil {
		b.Fatal(err)
	}
	return run, d.join(run)
}
