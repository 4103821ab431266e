package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql"

	"github.com/tollgate-dev/tollgate/internal/api"
	"github.com/tollgate-dev/tollgate/testenv/control"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// endpoints are the levers and questions of the pipeline.
func (p *process) endpoints() []control.Endpoint {
	return []control.Endpoint{
		{Name: lever.StopCollector, Force: func(params json.RawMessage) (func() error, error) {
			if err := control.Decode(params, &struct{}{}); err != nil {
				return nil, err
			}
			return func() error { return p.collector.stop(false) }, p.collector.stop(true)
		}},
		{Name: lever.ChangeCollector, Force: p.changeCollector},
		{Name: lever.SilenceAlerts, Force: p.silenceAlerts},
		{Name: lever.AskCollector, Act: p.askCollector},
		{Name: lever.AskSeries, Act: p.askSeries},
		{Name: lever.AskNotified, Act: func(context.Context, json.RawMessage) (any, error) { return p.engine.notifier.answer(), nil }},
		{Name: role.StatsQuestion, Act: p.stats},
	}
}

// changeCollector gives the Collector another configuration.
func (p *process) changeCollector(params json.RawMessage) (func() error, error) {
	var to struct {
		change
		// MostSeries takes count_by back when there are so many series with that label, so that the machine survives; 0: never.
		MostSeries int `json:"most_series"`
	}
	if err := control.Decode(params, &to); err != nil {
		return nil, err
	}
	err := to.Check()
	if err == nil && to.Latency != "" {
		_, err = latencyOf(to.Latency)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrParams, err)
	}
	if to.CountBy != "" && to.MostSeries > 0 {
		label := strings.ReplaceAll(to.CountBy, ".", "_")
		n, err := p.engine.seriesEver(fmt.Sprintf(`{%s!=""}`, label))
		if err != nil {
			return nil, err
		}
		if n >= to.MostSeries {
			to.CountBy = ""
		}
	}
	return func() error { return p.collector.reconfigure(change{}) }, p.collector.reconfigure(to.change)
}

// silenceAlerts holds the notifications of some alerts back.
func (p *process) silenceAlerts(params json.RawMessage) (func() error, error) {
	var of struct {
		Matchers []string `json:"matchers"`
	}
	if err := control.Decode(params, &of); err != nil {
		return nil, err
	}
	matchers, err := p.engine.matchers(of.Matchers)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrParams, err)
	}
	p.engine.notifier.mute(matchers)
	return func() error { p.engine.notifier.mute(nil); return nil }, nil
}

// CollectorState is the answer of the question about the Collector. The amounts are those since it last started: the last start
// may have been a change of its configuration.
type CollectorState struct {
	Answers    bool    `json:"answers"`     // it takes OTLP
	DataPoints int64   `json:"data_points"` // that it took
	Stored     int64   `json:"stored"`      // data points that its Prometheus took, also those that the Collector derived
	Dropped    int64   `json:"dropped"`     // data points that it could not queue or send
	LogRecords int64   `json:"log_records"` // that arrived at the end of the pipeline
	LogAge     float64 `json:"log_age"`     // their mean age then, s
}

// knock is how long a Collector may take to answer.
const knock = time.Second

// askCollector sends the Collector an empty request, as a service would send one, and says what it has done.
func (p *process) askCollector(ctx context.Context, _ json.RawMessage) (any, error) {
	state, err := p.collector.state()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, knock)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.collector.at[0]+"/v1/metrics", bytes.NewReader(nil))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if p.cfg.PipelineToken != "" {
		req.Header.Set("Authorization", api.Bearer(p.cfg.PipelineToken))
	}
	req.Close = true
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_ = resp.Body.Close()
		state.Answers = resp.StatusCode == http.StatusOK
	}
	return state, nil
}

// state reads what the Collector has done since it last started.
func (o *operator) state() (CollectorState, error) {
	families, err := o.Gather()
	var s CollectorState
	for _, family := range families {
		for prefix, into := range map[string]*int64{
			"otelcol_receiver_accepted_metric_points":       &s.DataPoints,
			"otelcol_exporter_sent_metric_points":           &s.Stored,
			"otelcol_exporter_enqueue_failed_metric_points": &s.Dropped,
			"otelcol_exporter_send_failed_metric_points":    &s.Dropped,
		} {
			if strings.HasPrefix(family.GetName(), prefix) {
				for _, m := range family.GetMetric() {
					*into += int64(m.GetCounter().GetValue())
				}
			}
		}
	}
	var age time.Duration
	s.LogRecords, age = o.logs.since()
	s.LogAge = age.Seconds()
	return s, err
}

// Series is the answer of the question about series.
type Series struct {
	Ever  int `json:"ever"`  // since the start of the pipeline
	Fresh int `json:"fresh"` // with a current sample
}

// askSeries counts the series that a selector matches.
func (p *process) askSeries(ctx context.Context, params json.RawMessage) (any, error) {
	var of struct {
		Match string `json:"match"`
	}
	if err := control.Decode(params, &of); err != nil {
		return nil, err
	}
	var s Series
	var err error
	if s.Ever, err = p.engine.seriesEver(of.Match); err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrParams, err)
	}
	query, err := p.engine.query.NewInstantQuery(ctx, p.engine.db, nil, of.Match, time.Now())
	if err != nil {
		return nil, err
	}
	defer query.Close()
	fresh, err := query.Exec(ctx).Vector()
	s.Fresh = len(slices.DeleteFunc(fresh, func(s promql.Sample) bool { return s.H == nil && math.IsNaN(s.F) }))
	return s, err
}

// seriesEver counts the series that a selector matches and that ever had a sample.
func (e *engine) seriesEver(match string) (int, error) {
	matchers, err := e.parser.ParseMetricSelector(match)
	if err != nil {
		return 0, fmt.Errorf("match: %w", err)
	}
	q, err := e.db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		return 0, err
	}
	defer q.Close()
	n := 0
	set := q.Select(context.Background(), false, nil, matchers...)
	for set.Next() {
		n++
	}
	return n, set.Err()
}
