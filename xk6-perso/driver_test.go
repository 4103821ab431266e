package perso

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/internal/slot"
)

func testDriver(source *Source, change func(*driverOptions)) *driver {
	o := defaultDriver()
	o.source = source
	if change != nil {
		change(&o)
	}
	return newDriver(o, "t", nil, func() *http.Transport { return newTransport(nil, o.workers) })
}

func testOrder(g *gateway, change func(*slot.Order)) slot.Order {
	o := slot.Order{Phase: slot.Toll, Targets: []slot.Target{{Arm: "a", URL: g.URL}}, Duration: time.Second, Rate: 200}
	if change != nil {
		change(&o)
	}
	return o
}

func TestLagFigures(t *testing.T) {
	source := testCrowd(1)
	g := newGateway(t, source.people())
	d := testDriver(source, nil)
	for range 4 {
		run, err := d.run(context.Background(), testOrder(g, nil), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		r := d.join(run)
		a := r.Arms[0]
		h := run.records[0].lag
		t.Log(a.Scheduled, a.Sent, a.Failed, a.Steps, "lag", time.Duration(h.ValueAtQuantile(50)), a.LagP99, a.LagMax, "cpu", r.GeneratorCPU, "service", run.records[0].hists[Recommend][0].ValueAtQuantile(50), "breaks", a.Breaks, a.Default)
	}
	_ = filepath.Join
	_ = result.NewHistogram
}
