package perso

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/grafana/sobek"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// maxRate is the most requests per second and arm that drive accepts.
const maxRate = 100_000

// drive is perso.drive(options).
func (i *instance) drive(options sobek.Value) sobek.Value {
	o := defaultDriver()
	order := slot.Order{Phase: slot.Toll}
	f := o.fields()
	f["targets"] = targetsOption(i.vu.Runtime(), &order.Targets)
	f["rate"] = floatOption(&order.Rate, 1e-3, maxRate)
	f["duration"] = durationOption(&order.Duration, time.Millisecond, 24*time.Hour)
	f["washout"] = durationOption(&order.Washout, 0, time.Hour)
	parts := 1
	f["parts"] = intOption(&parts, 1, maxParts)
	i.must(decode(i.vu.Runtime(), "drive", options, f))
	i.must(errors.Join(
		need("drive", "source", o.source == nil), need("drive", "targets", len(order.Targets) == 0),
		need("drive", "rate", order.Rate == 0), need("drive", "duration", order.Duration == 0),
		checkTrace("drive", o.trace),
	))
	state := i.vu.State()
	if state == nil {
		i.must(errors.New("perso: drive only works while a test runs: call it in the default function"))
	}
	var err error
	o.share, err = i.part(parts)
	i.must(err)
	if f := o.foresee(order); f.Remedy != "" && state.Logger != nil {
		state.Logger.Warnf("perso: drive: the rate will not be made: %s", f.Remedy)
	}
	transport := func() *http.Transport { return newTransport(state, o.workers) }
	d := newJourneys(o, runPrefix(time.Now()), i.emitter(), transport)
	run, err := d.run(i.vu.Context(), order)
	i.must(err)
	report := d.join(run)
	d.hangUp()
	return i.value(summary(run, report, order.Rate*o.share.Size()))
}

// foresee is what can be expected of the rate of an order that is carried out without a warm-up, behind its wash-out.
func (o *driverOptions) foresee(order slot.Order) slot.Forecast {
	demand := journey.Demand{
		Rate: order.Rate, Warmup: order.Washout, Length: max(order.Duration-order.Washout, time.Millisecond), Launches: 1, Scale: o.thinkScale,
	}
	options := loadOptions()
	options.Longer = func(times int) string {
		return fmt.Sprintf("duration: '%s'", order.Washout+time.Duration(times)*demand.Length)
	}
	return o.source.Foresee(demand, options)
}

// targetsOption reads a list of {arm, url}.
func targetsOption(rt *sobek.Runtime, dst *[]slot.Target) func(sobek.Value) error {
	return func(v sobek.Value) error {
		list, ok := v.(*sobek.Object)
		if !ok || list.ClassName() != "Array" {
			return fmt.Errorf(`must be a list such as [{arm: "off", url: "http://127.0.0.1:8080"}], got %s`, v)
		}
		for _, key := range list.Keys() {
			var t slot.Target
			err := decode(rt, "target "+key, list.Get(key), fields{"arm": textOption(&t.Arm), "url": urlOption(&t.URL)})
			if err != nil {
				return err
			}
			if t.Arm == "" || t.URL == "" {
				return fmt.Errorf("target %s: arm and url are required", key)
			}
			if slices.ContainsFunc(*dst, func(o slot.Target) bool { return o.Arm == t.Arm }) {
				return fmt.Errorf("target %s: there are two arms %q", key, t.Arm)
			}
			*dst = append(*dst, t)
		}
		return nil
	}
}

// urlOption reads the base URL of a gateway.
func urlOption(dst *string) func(sobek.Value) error {
	return func(v sobek.Value) error {
		text, _ := v.Export().(string)
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return fmt.Errorf("must be a URL such as http://127.0.0.1:8080, got %q", v)
		}
		*dst = text
		return nil
	}
}

// summary is what drive returns; index.d.ts describes it. Times are in ms.
// ordered is the rate that was asked of this call.
func summary(run *slotRun, report slot.Report, ordered float64) map[string]any {
	arms := map[string]any{}
	for i, r := range run.records {
		a := report.Arms[i]
		response, service := map[string]any{}, map[string]any{}
		for step, h := range r.hists {
			service[step], response[step] = quantiles(h[0]), quantiles(h[1])
		}
		arms[a.Arm] = map[string]any{
			"scheduled": a.Scheduled, "sent": a.Sent, "made": float64(a.Sent) / run.order.Duration.Seconds(), "dropped": a.Dropped, "failed": a.Failed, "steps": a.Steps,
			"impressions": a.Impressions, "clicks": a.Clicks, "purchases": a.Purchases,
			"default": a.Default, "breaks": a.Breaks,
			"response": response, "service": service, "lag": quantiles(r.lag),
		}
	}
	return map[string]any{
		"seconds": report.End.Sub(report.Start).Seconds(),
		"ordered": ordered,
		"cpu":     report.GeneratorCPU.Seconds(),
		"arms":    arms,
	}
}

func quantiles(h *hdr.Histogram) map[string]any {
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / float64(time.Millisecond) }
	return map[string]any{
		"count": h.TotalCount(), "p50": at(50), "p95": at(95), "p99": at(99), "max": float64(h.Max()) / float64(time.Millisecond),
	}
}
