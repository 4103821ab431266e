package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/prometheus/promql"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	configuration "github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/control"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/receiver"
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
		{Name: role.KeepExports, Act: p.keepExports},
		{Name: role.HoldExports, Act: p.holdExports},
	}
}

// changeCollector gives the Collector another configuration.
func (p *process) changeCollector(params json.RawMessage) (func() error, error) {
	var to configuration.Order
	if err := control.Decode(params, &to); err != nil {
		return nil, err
	}
	if err := to.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrParams, err)
	}
	if selector, limited := to.Counted(); limited {
		n, err := p.engine.seriesEver(selector)
		if err != nil {
			return nil, err
		}
		if n >= to.MostSeries {
			to.CountBy = ""
		}
	}
	to.MostSeries = 0 // it is no part of the configuration
	return func() error { return p.collector.reconfigure(configuration.Order{}) }, p.collector.reconfigure(to)
}

// silenceAlerts holds the notifications of some alerts back.
func (p *process) silenceAlerts(params json.RawMessage) (func() error, error) {
	var of receiver.Silencing
	if err := control.Decode(params, &of); err != nil {
		return nil, err
	}
	matchers, err := of.Parse()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", control.ErrParams, err)
	}
	p.engine.notifier.mute(matchers)
	return func() error { p.engine.notifier.mute(nil); return nil }, nil
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
func (o *operator) state() (lever.CollectorState, error) {
	families, err := o.Gather()
	s := configuration.State(families)
	var age time.Duration
	s.LogRecords, age = o.logs.since()
	s.LogAge = age.Seconds()
	return s, err
}

// askSeries counts the series that a selector matches.
func (p *process) askSeries(ctx context.Context, params json.RawMessage) (any, error) {
	var of struct {
		Match string `json:"match"`
	}
	if err := control.Decode(params, &of); err != nil {
		return nil, err
	}
	var s lever.Series
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
