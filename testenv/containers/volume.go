package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"syscall"
	"time"

	prometheus "github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// volume adds up what an arm's Collector counts, which begins at zero whenever the Collector takes another configuration. The zero
// value has counted nothing.
type volume struct {
	mu        sync.Mutex
	past, now collector.Volume
}

// read takes a reading, and returns the sum.
func (v *volume) read(now collector.Volume) collector.Volume {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Less(v.now) { // the guard has put the old configuration back
		v.past = v.past.Plus(v.now)
	}
	v.now = now
	return v.past.Plus(now)
}

// again says that the count begins at zero.
func (v *volume) again() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.past, v.now = v.past.Plus(v.now), collector.Volume{}
}

// Telemetry reads how much telemetry the Collector received and how many series Prometheus has. While a fault has stopped the
// Collector, or changes its configuration, it received nothing more than the last time.
func (a *arm) Telemetry(ctx context.Context) (result.Telemetry, error) {
	last := a.read.Load()
	if last != nil && a.stopped.Load() {
		return *last, nil
	}
	v, err := a.received(ctx)
	if last != nil && a.stopped.Load() { // meanwhile
		return *last, nil
	}
	if err != nil {
		return result.Telemetry{}, err
	}
	v = a.volume.read(v)
	client, err := a.promAPI()
	if err != nil {
		return result.Telemetry{}, err
	}
	status, err := client.TSDB(ctx, promv1.WithLimit(1))
	if err != nil {
		return result.Telemetry{}, fmt.Errorf("testenv: prometheus of arm %s: %w", a.spec.Name, err)
	}
	t := result.Telemetry{
		Spans: v.Spans, LogRecords: v.LogRecords, DataPoints: v.DataPoints, Bytes: v.Bytes, MetricBytes: v.MetricBytes, Refused: v.Refused,
		ActiveSeries: int64(status.HeadStats.NumSeries),
	}
	a.read.Store(&t)
	return t, nil
}

// received reads what the Collector has counted since it last took a configuration.
func (a *arm) received(ctx context.Context) (collector.Volume, error) {
	text, err := a.selfMetrics(ctx)
	if err != nil {
		return collector.Volume{}, a.ofCollector(err)
	}
	v, err := collector.ParseSelfMetrics(bytes.NewReader(text))
	return v, a.ofCollector(err)
}

// selfMetrics reads the metrics of the Collector about itself. It waits for the Collector if nobody listens, since the guard may make it
// take a configuration at any time.
func (a *arm) selfMetrics(ctx context.Context) ([]byte, error) {
	var text []byte
	for begin := time.Now(); ; {
		err := a.launch.client.Get(ctx, a.collector.URL(selfPort)+"/metrics", &text)
		if err == nil {
			return text, nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) || time.Since(begin) > reloadLimit {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ofCollector says of an error which Collector has it; nil for nil.
func (a *arm) ofCollector(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("testenv: collector of arm %s: %w", a.spec.Name, err)
}

// promAPI is the API of the arm's Prometheus.
func (a *arm) promAPI() (promv1.API, error) {
	client, err := prometheus.NewClient(prometheus.Config{Address: a.Prometheus(), Client: a.launch.client.HTTP})
	if err != nil {
		return nil, fmt.Errorf("testenv: prometheus of arm %s: %w", a.spec.Name, err)
	}
	return promv1.NewAPI(client), nil
}

// seriesEver counts the series that a selector matches and that ever had a sample.
func (a *arm) seriesEver(ctx context.Context, match string) (int, error) {
	client, err := a.promAPI()
	if err != nil {
		return 0, err
	}
	found, _, err := client.Series(ctx, []string{match}, time.Unix(0, 0), time.Now().Add(time.Minute))
	if err != nil {
		return 0, fmt.Errorf("testenv: prometheus of arm %s: %w", a.spec.Name, err)
	}
	return len(found), nil
}

// askSeries counts the series that a selector matches.
func askSeries(ctx context.Context, a *arm, _ string, params, out any) error {
	var of struct {
		Match string `json:"match"`
	}
	if err := lever.Params(params, &of); err != nil {
		return fmt.Errorf("testenv: %s: %w", lever.AskSeries, err)
	}
	client, err := a.promAPI()
	if err != nil {
		return err
	}
	var s lever.Series
	if s.Ever, err = a.seriesEver(ctx, of.Match); err != nil {
		return err
	}
	value, _, err := client.Query(ctx, of.Match, time.Now())
	if err != nil {
		return fmt.Errorf("testenv: prometheus of arm %s: %w", a.spec.Name, err)
	}
	fresh, ok := value.(model.Vector)
	if !ok {
		return fmt.Errorf("testenv: %s: match must be a selector of series, got %q", lever.AskSeries, of.Match)
	}
	for _, sample := range fresh {
		if sample.Histogram != nil || !math.IsNaN(float64(sample.Value)) {
			s.Fresh++
		}
	}
	return answer(s, out)
}
