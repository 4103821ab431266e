// Package replaytest writes a small run directory with series, whose every alert can be worked out by hand.
//
// The run has the levels off and full, and two passes: none, and consumer-lag. Times below are seconds after Start. Series have a
// sample every 500 ms, at 0.25, 0.75 and so on. The lag of the consumer is 400 in samples from 28.5 to before 40.5, and 0 otherwise;
// the age of its updates, which only full has, is 9 and 1 in the same times. There are 20 requests a second; every fifth second one of
// them fails, and from 29.5 to 40.5 four more in every second. Durations in rules are divided by 60. The group stream
// is evaluated at 0.3, 0.8 and so on; the group heart at 0.1, 0.6 and so on.
package replaytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Start is when the series begin.
var Start = time.Date(2026, 1, 2, 15, 4, 0, 0, time.UTC)

// At is a time of the run, in seconds after Start.
func At(seconds float64) time.Time { return Start.Add(time.Duration(seconds * float64(time.Second))) }

// Rules are those of the run, as they were written.
const Rules = `groups:
  - name: stream
    interval: 30s
    rules:
      - {record: 'group:lag:max', expr: max by (group) (kafka_consumergroup_lag)}
      - alert: LagHigh
        expr: group:lag:max > 100
        for: 1m
        labels: {severity: page}
        annotations: {summary: 'lag of {{ $labels.group }}: {{ $value }}'}
      - {alert: AgeHigh, expr: perso_update_age_seconds > 5, for: 2m}
  - name: heart
    interval: 30s
    rules:
      - {alert: Watchdog, expr: vector(1)}
`

// experimentText has what a replay reads of an effective experiment, and what another version may have written.
const experimentText = `profile: of-another-version
environment: process
faults: [none, {id: consumer-lag, unheard-of: 1}]
catch: {unheard_of: 1s}
telemetry: {scrape_interval: 500ms, metric_interval: 250ms, catch_metric_interval: 500ms}
alerts: {lapse: 60, eval_interval: 500ms}
`

// aTrace is a line of OTLP JSON, without the times of its start and its end.
const aTrace = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"0001020304050607",` +
	`"name":"GET /","startTimeUnixNano":"%d","endTimeUnixNano":"%d"}]}]}]}` + "\n"

// Options change the run.
type Options struct {
	Killed bool    // its series are in a write-ahead log and in no block
	Length float64 // seconds of samples; 0 for 60
	Gap    bool    // between 29 and 33 s no rule was evaluated
	Rules  string  // as they were written; "" for Rules
	Traces bool    // the level full keeps all traces: one, at 30 s
	Ends   bool    // the series of the lag end at 35 s, without a staleness marker
}

// Write writes the run into a new directory.
func Write(dir string, o Options) error {
	pack, err := alerts.Load("rules.yaml", []byte(cmp.Or(o.Rules, Rules)))
	if err != nil {
		return err
	}
	lapsed := pack.Lapse(60, 1500*time.Millisecond)
	lapsed.EvaluatedEvery(500 * time.Millisecond)
	run := result.Run{
		ID: "20260102-150400-small", Started: Start, Environment: "process", Profile: "smoke", Experiment: experimentText, Lapse: 60,
		Levels: []result.Level{{Name: "off"}, {Name: "full"}},
		Arms:   []result.Arm{{Name: "off", Level: "off", Role: result.RoleBaseline}, {Name: "full", Level: "full", Role: result.RoleLevel}},
		Plan:   result.Plan{Hold: 12 * time.Second},
		Faults: []result.Fault{
			{ID: "none", Title: "nothing is injected"},
			{ID: "consumer-lag", Title: "the consumer falls behind", Expect: []string{"LagHigh"}, Allow: []string{"AgeHigh"}},
		},
		Alerts: lapsed.Alerts,
	}
	if o.Traces {
		run.Levels[1].Env = map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "parentbased_always_on"}
	}
	w, err := result.Create(dir, run)
	if err != nil {
		return err
	}
	errs := []error{files.Write(w.Path("rules.yaml"), lapsed.Text), os.WriteFile(w.Path(result.LatencyFile), nil, 0o600)}
	for _, e := range faultEvents() {
		errs = append(errs, w.Fault(e))
	}
	for _, e := range AlertEvents() {
		errs = append(errs, w.Alert(e))
	}
	if o.Traces {
		errs = append(errs, files.Write(w.Path(result.TelemetryDir, "full.spans.jsonl"), []byte(fmt.Sprintf(aTrace, At(30).UnixNano(), At(30.2).UnixNano()))))
	}
	for _, level := range run.Levels {
		errs = append(errs, writeSeries(w.Path(result.SeriesDir, level.Name), o, level.Name == "full"))
	}
	errs = append(errs, w.Finish(func(r *result.Run) { r.Status, r.Ended = result.Complete, At(47) }))
	return errors.Join(errs...)
}

func faultEvents() []result.FaultEvent {
	event := func(seconds float64, fault, phase, arm string) result.FaultEvent {
		return result.FaultEvent{Time: At(seconds), Fault: fault, Phase: phase, Arm: arm}
	}
	return []result.FaultEvent{
		event(2, "none", result.PhaseSettle, ""), event(4, "none", result.PhaseClean, ""), event(10, "none", result.PhaseInject, ""),
		event(10, "none", result.PhaseConfirmed, "off"), event(10, "none", result.PhaseConfirmed, "full"),
		event(16, "none", result.PhaseRevert, ""), event(16, "none", result.PhaseReverted, "off"), event(16, "none", result.PhaseReverted, "full"),
		event(20, "none", result.PhaseDone, ""),
		event(21, "consumer-lag", result.PhaseClean, ""), event(28, "consumer-lag", result.PhaseInject, ""),
		event(28.6, "consumer-lag", result.PhaseConfirmed, "off"), event(28.6, "consumer-lag", result.PhaseConfirmed, "full"),
		event(40, "consumer-lag", result.PhaseRevert, ""),
		event(40.6, "consumer-lag", result.PhaseReverted, "off"), event(40.6, "consumer-lag", result.PhaseReverted, "full"),
		event(46, "consumer-lag", result.PhaseDone, ""),
	}
}

// AlertEvents are what a run with these series records, worked out by hand, by time. The lag is first seen by the evaluation at 28.8
// and last by that at 40.3; for is 1 s for LagHigh and 2 s for AgeHigh.
func AlertEvents() []result.AlertEvent {
	lag, age := map[string]string{"group": "ingest", "severity": "page"}, map[string]string{"group": "ingest"}
	event := func(seconds float64, arm, alert string, labels map[string]string, from, to string) result.AlertEvent {
		return result.AlertEvent{Time: At(seconds), Arm: arm, Alert: alert, Labels: labels, From: from, To: to}
	}
	return []result.AlertEvent{
		event(0.6, "off", "Watchdog", nil, result.Inactive, result.Firing),
		event(0.6, "full", "Watchdog", nil, result.Inactive, result.Firing),
		event(28.8, "off", "LagHigh", lag, result.Inactive, result.Pending),
		event(28.8, "full", "AgeHigh", age, result.Inactive, result.Pending),
		event(28.8, "full", "LagHigh", lag, result.Inactive, result.Pending),
		event(29.8, "off", "LagHigh", lag, result.Pending, result.Firing),
		event(29.8, "full", "LagHigh", lag, result.Pending, result.Firing),
		event(30.8, "full", "AgeHigh", age, result.Pending, result.Firing),
		event(40.8, "off", "LagHigh", lag, result.Firing, result.Inactive),
		event(40.8, "full", "AgeHigh", age, result.Firing, result.Inactive),
		event(40.8, "full", "LagHigh", lag, result.Firing, result.Inactive),
	}
}

// curve is one series.
type curve struct {
	labels labels.Labels
	first  float64 // seconds
	value  func(at float64) (v float64, there bool)
}

// curves are the series of a level. Those that rules wrote do not fit the lag, so that a replay that reads them shows.
func curves(o Options, full bool) []curve {
	always := func(v float64) func(float64) (float64, bool) { return func(float64) (float64, bool) { return v, true } }
	held := func(under, otherwise float64) func(float64) (float64, bool) {
		return func(at float64) (float64, bool) {
			if at >= 28.5 && at < 40.5 {
				return under, !o.Ends || at < 35
			}
			return otherwise, !o.Ends || at < 35
		}
	}
	requests := func(at float64) (float64, bool) { return 20 * at, true }
	failures := func(at float64) (float64, bool) {
		return math.Floor(at/5) + 4*math.Floor(math.Max(0, math.Min(12, at-28.5))), true
	}
	beats := func(at float64) (float64, bool) { return 1, !o.Gap || at < 29 || at > 33 }
	out := []curve{
		{labels.FromStrings("__name__", "up", "job", "outside"), 0.25, always(1)},
		{labels.FromStrings("__name__", "kafka_consumergroup_lag", "group", "ingest"), 0.25, held(400, 0)},
		{labels.FromStrings("__name__", "shop_requests_total"), 0.25, requests},
		{labels.FromStrings("__name__", "shop_failures_total"), 0.25, failures},
		{labels.FromStrings("__name__", "group:lag:max", "group", "ingest"), 0.3, always(7)},
		{labels.FromStrings("__name__", "ALERTS", "alertname", "Watchdog", "alertstate", "firing"), 0.6, beats},
		{labels.FromStrings("__name__", "ALERTS", "alertname", "LagHigh", "alertstate", "firing", "group", "ingest", "severity", "page"), 5.3, always(1)},
	}
	if full {
		out = append(out, curve{labels.FromStrings("__name__", "perso_update_age_seconds", "group", "ingest"), 0.25, held(9, 1)})
	}
	return out
}

func writeSeries(dir string, o Options, full bool) error {
	length := o.Length
	if length == 0 {
		length = 60
	}
	var all []storage.Series
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	db, err := tsdb.Open(filepath.Join(dir), nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		return err
	}
	for _, c := range curves(o, full) {
		var times []int64
		var values []float64
		app := db.Appender(context.Background())
		for at := c.first; at < length; at += 0.5 {
			v, there := c.value(at)
			if !there {
				continue
			}
			times, values = append(times, At(at).UnixMilli()), append(values, v)
			if o.Killed {
				if _, err := app.Append(0, c.labels, At(at).UnixMilli(), v); err != nil {
					return errors.Join(err, db.Close())
				}
			}
		}
		if err := app.Commit(); err != nil {
			return errors.Join(err, db.Close())
		}
		all = append(all, storage.MockSeries(make([]int64, len(times)), times, values, pairs(c.labels)))
	}
	if err := db.Close(); err != nil || o.Killed {
		return err
	}
	_, err = tsdb.CreateBlock(all, dir, tsdb.DefaultBlockDuration, slog.New(slog.DiscardHandler))
	return err
}

func pairs(of labels.Labels) []string {
	var out []string
	of.Range(func(l labels.Label) { out = append(out, l.Name, l.Value) })
	return out
}
