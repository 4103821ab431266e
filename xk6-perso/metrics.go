package perso

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/metrics"

	"github.com/tollgate-dev/tollgate/internal/journey"
)

// persoMetrics are the extension's k6 metrics. All carry the tags arm (where there is one), step and channel.
type persoMetrics struct {
	duration   *metrics.Metric // response time: scheduled start → last byte, ms
	lag        *metrics.Metric // scheduled start → sent, ms
	failed     *metrics.Metric // share of requests that failed
	clicked    *metrics.Metric // share of slates that were clicked
	fallback   *metrics.Metric // share of slates that were default content
	conversion *metrics.Metric // share of journeys that bought something
	breaks     *metrics.Metric // answers under another identity than the journey's
	dropped    *metrics.Metric // requests that found no free worker
}

// registerMetrics registers the metrics; registering them again, in the next VU, returns the same ones.
func registerMetrics(registry *metrics.Registry) (*persoMetrics, error) {
	m := new(persoMetrics)
	var errs []error
	add := func(dst **metrics.Metric, name string, kind metrics.MetricType, unit ...metrics.ValueType) {
		metric, err := registry.NewMetric(name, kind, unit...)
		*dst, errs = metric, append(errs, err)
	}
	add(&m.duration, "perso_req_duration", metrics.Trend, metrics.Time)
	add(&m.lag, "perso_req_lag", metrics.Trend, metrics.Time)
	add(&m.failed, "perso_req_failed", metrics.Rate)
	add(&m.clicked, "perso_click_through", metrics.Rate)
	add(&m.fallback, "perso_default_content", metrics.Rate)
	add(&m.conversion, "perso_conversion", metrics.Rate)
	add(&m.breaks, "perso_identity_breaks", metrics.Counter)
	add(&m.dropped, "perso_dropped", metrics.Counter)
	return m, errors.Join(errs...)
}

// flushAt is how many samples an emitter gathers before it hands them to k6: few hand-overs while load is on.
const flushAt = 512

// emitter hands samples to k6, in batches. It is safe for concurrent use. A nil emitter drops them.
type emitter struct {
	*persoMetrics
	ctx context.Context
	out chan<- metrics.SampleContainer

	mu   sync.Mutex
	base *metrics.TagSet
	tags map[[3]string]*metrics.TagSet // by arm, step, channel
	buf  metrics.Samples
}

func newEmitter(ctx context.Context, m *persoMetrics, state *lib.State) *emitter {
	return &emitter{
		persoMetrics: m, ctx: ctx, out: state.Samples,
		base: state.Tags.GetCurrentValues().Tags, tags: map[[3]string]*metrics.TagSet{},
	}
}

// add takes one sample.
func (e *emitter) add(m *metrics.Metric, at time.Time, arm string, s *journey.Step, value float64) {
	key := [3]string{arm, s.Kind, s.Channel}
	e.mu.Lock()
	defer e.mu.Unlock()
	tags, ok := e.tags[key]
	if !ok {
		tags = e.base.With("step", s.Kind).With("channel", s.Channel)
		if arm != "" {
			tags = tags.With("arm", arm)
		}
		e.tags[key] = tags
	}
	e.buf = append(e.buf, metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: m, Tags: tags}, Time: at, Value: value})
}

// request takes the samples of one request.
func (e *emitter) request(arm string, s *journey.Step, r journey.Reply) {
	if e == nil {
		return
	}
	e.add(e.duration, r.End, arm, s, metrics.D(r.End.Sub(r.Scheduled)))
	e.add(e.lag, r.End, arm, s, metrics.D(r.Sent.Sub(r.Scheduled)))
	e.add(e.failed, r.End, arm, s, metrics.B(r.Err != nil))
}

// outcome takes the samples of what a request, or its absence, meant for the journey.
func (e *emitter) outcome(at time.Time, arm string, s *journey.Step, o journey.Outcome) {
	if e == nil {
		return
	}
	if o.Judged {
		e.add(e.clicked, at, arm, s, metrics.B(o.Clicked))
	}
	if o.Shown {
		e.add(e.fallback, at, arm, s, metrics.B(o.Reason != ""))
	}
	if o.Broken {
		e.add(e.breaks, at, arm, s, 1)
	}
	if o.Ended {
		e.add(e.conversion, at, arm, s, metrics.B(s.Journey.Bought))
	}
}

// drop takes the sample of a request that was dropped.
func (e *emitter) drop(at time.Time, arm string, s *journey.Step) {
	if e != nil {
		e.add(e.dropped, at, arm, s, 1)
	}
}

// flush hands over what was gathered if there are at least n samples. It may block on k6, so no lock must be held.
func (e *emitter) flush(n int) {
	if e == nil {
		return
	}
	e.mu.Lock()
	buf := e.buf
	if len(buf) < n || len(buf) == 0 {
		e.mu.Unlock()
		return
	}
	e.buf = nil
	e.mu.Unlock()
	metrics.PushIfNotDone(e.ctx, e.out, buf)
}
