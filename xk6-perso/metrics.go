package perso

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/v2/metrics"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// persoMetrics are the extension's k6 metrics. All carry the tags arm (where there is one), step and channel; those of a
// request carry status, and error and error_code if it failed, unless the option systemTags leaves them out.
type persoMetrics struct {
	duration   *metrics.Metric // response time: scheduled start → last byte, ms
	lag        *metrics.Metric // scheduled start → sent, ms
	failed     *metrics.Metric // share of requests that failed
	clicked    *metrics.Metric // share of slates that were clicked
	fallback   *metrics.Metric // share of slates that were default content
	conversion *metrics.Metric // share of journeys that bought something
	breaks     *metrics.Metric // answers under another identity than the journey's
	dropped    *metrics.Metric // requests that found no free worker

	measured, measuredFailed *metrics.Metric // of measure(), with the tag name: how long a call took, ms, and the share that threw
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
	add(&m.measured, "perso_measured", metrics.Trend, metrics.Time)
	add(&m.measuredFailed, "perso_measured_failed", metrics.Rate)
	return m, errors.Join(errs...)
}

// flushAt is how many samples an emitter gathers before it hands them to k6: few hand-overs while load is on.
const flushAt = 512

// emitter hands samples to k6, in batches. It is safe for concurrent use. A nil emitter drops them.
type emitter struct {
	*persoMetrics
	ctx      context.Context
	out      chan<- metrics.SampleContainer
	logger   logrus.FieldLogger
	failures *failures
	system   *metrics.SystemTagSet // which of status, error and error_code the script wants

	mu   sync.Mutex
	base *metrics.TagSet
	tags map[labels]*metrics.TagSet
	buf  metrics.Samples
}

// labels are what the tags of a sample are made of, besides those of its VU.
type labels struct {
	arm, step, channel string
	status             int // of a request, 0 without an answer; noStatus: not of a request
	failure
}

const noStatus = -1

// emitter returns one for the VU.
func (i *instance) emitter() *emitter {
	state := i.vu.State()
	return &emitter{
		persoMetrics: i.metrics, ctx: i.vu.Context(), out: state.Samples, logger: state.Logger, failures: &i.root.failures,
		system: state.Options.SystemTags, base: state.Tags.GetCurrentValues().Tags, tags: map[labels]*metrics.TagSet{},
	}
}

// add takes one sample that is not of a request.
func (e *emitter) add(m *metrics.Metric, at time.Time, arm string, s *journey.Step, value float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.put(e.tagSet(labels{arm: arm, step: s.Kind, channel: s.Channel, status: noStatus}), m, at, value)
}

// put takes one sample; the lock is held.
func (e *emitter) put(tags *metrics.TagSet, m *metrics.Metric, at time.Time, value float64) {
	e.buf = append(e.buf, metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: m, Tags: tags}, Time: at, Value: value})
}

// tagSet returns the tags for labels; the lock is held.
func (e *emitter) tagSet(l labels) *metrics.TagSet {
	tags, ok := e.tags[l]
	if ok {
		return tags
	}
	tags = e.base.With("step", l.step).With("channel", l.channel)
	if l.arm != "" {
		tags = tags.With("arm", l.arm)
	}
	if l.status != noStatus && e.system.Has(metrics.TagStatus) {
		tags = tags.With(metrics.TagStatus.String(), strconv.Itoa(l.status))
	}
	if l.code != 0 && e.system.Has(metrics.TagErrorCode) {
		tags = tags.With(metrics.TagErrorCode.String(), strconv.Itoa(l.code))
	}
	if l.text != "" && e.system.Has(metrics.TagError) {
		tags = tags.With(metrics.TagError.String(), l.text)
	}
	e.tags[l] = tags
	return tags
}

// request takes the samples of one request. A failed one has the tags error and error_code, as in k6/http, and is warned of.
func (e *emitter) request(arm string, s *journey.Step, r journey.Reply) {
	if e == nil {
		return
	}
	l := labels{arm: arm, step: s.Kind, channel: s.Channel, status: r.Status}
	if r.Err != nil {
		l.failure = explain(r)
		e.failures.add(e.ctx, e.logger, l.failure, r.Err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	tags := e.tagSet(l)
	e.put(tags, e.duration, r.End, metrics.D(r.End.Sub(r.Scheduled)))
	e.put(tags, e.lag, r.End, metrics.D(r.Sent.Sub(r.Scheduled)))
	e.put(tags, e.failed, r.End, metrics.B(r.Err != nil))
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
