package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// fast is a pipeline that scrapes and evaluates often.
func fast() Config {
	return Config{Config: role.Config{ScrapeInterval: 100 * time.Millisecond, EvalInterval: 100 * time.Millisecond}}
}

// params are the parameters of a lever.
type params = map[string]any

// pulled pulls a lever with a long lease, calls seen, releases the lever, and calls healed. Then it does the same with a lease that
// ends by itself.
func pulled(t *testing.T, r running, name string, with params, seen, healed func() error) {
	t.Helper()
	client, base := role.NewClient(token), "http://"+r.addr["http"]
	defer client.Close()
	for _, lease := range []time.Duration{time.Minute, time.Second} {
		renew := func() {
			if err := client.Pull(t.Context(), base, name, with, lease); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		renew()
		t.Logf("pulled in %v", time.Since(began))
		eventually.Nil(t, func() error {
			renew() // which changes nothing
			return seen()
		})
		if lease > time.Second {
			began = time.Now()
			for range 2 {
				if err := client.Release(t.Context(), base, name, ""); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("released in %v", time.Since(began))
		}
		eventually.Nil(t, healed)
	}
}

func asked[T any](t *testing.T, r running, name string, with any) (out T) {
	t.Helper()
	client := role.NewClient(token)
	defer client.Close()
	if err := client.Ask(t.Context(), "http://"+r.addr["http"], name, with, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// is returns an error with what was seen, unless it is as it should be.
func is(ok bool, seen any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%+v", seen)
}

// try exports what there is. While a Collector starts again, it refuses connections for some 20 ms; what comes then is lost, unless it
// is a metric, whose next export has it too.
func (s sdk) try() {
	ctx := context.Background()
	_ = errors.Join(s.meter.ForceFlush(ctx), s.tracer.ForceFlush(ctx), s.logger.ForceFlush(ctx))
}

func collectorOf(t *testing.T, r running) lever.CollectorState {
	t.Helper()
	return asked[lever.CollectorState](t, r, lever.AskCollector, nil)
}

// health is the status of the pipeline's health check.
func health(t *testing.T, r running) int {
	t.Helper()
	resp, err := http.Get("http://" + r.addr["http"] + role.HealthPath)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestStopCollector(t *testing.T) {
	r := start(t, fast())
	s := newSDK(t, r)
	s.decide("attribute-missing")
	s.flush(t)
	pulled(t, r, lever.StopCollector, nil,
		func() error {
			state := collectorOf(t, r)
			gone, err := r.value(`absent(otelcol_exporter_queue_capacity) and on () up{job="pipeline"} == 1`)
			return errors.Join(err, is(!state.Answers && gone == 1 && health(t, r) == 503, fmt.Sprint(state, gone)))
		},
		func() error { state := collectorOf(t, r); return is(state.Answers && health(t, r) == 200, state) })
	s.decide("attribute-missing")
	s.flush(t)
	if got := r.stats(t); got.Spans != 2 || got.LogRecords != 2 || got.Roots != 2 {
		t.Errorf("stats %+v: want those of all Collectors", got)
	}
}

func TestSmallQueueInFrontOfASlowBackEnd(t *testing.T) {
	r := start(t, fast())
	s := newSDK(t, r)
	pulled(t, r, lever.ChangeCollector, params{"queue": 1, "latency": "3s"},
		func() error {
			s.decide("none")
			s.try()
			state := collectorOf(t, r)
			return is(state.Dropped > 0 && state.Answers && state.Stored < state.DataPoints, state)
		},
		func() error {
			s.decide("none")
			s.try()
			state := collectorOf(t, r)
			return is(state.Dropped == 0 && state.Stored > 0, state)
		})
	if got := r.stats(t); got.Refused == 0 {
		t.Error("the drops of a Collector that has ended are forgotten")
	}
}

func TestHeldLogs(t *testing.T) {
	r := start(t, fast())
	s := newSDK(t, r)
	logged := func() lever.CollectorState {
		s.decide("attribute-missing")
		s.try()
		return collectorOf(t, r)
	}
	pulled(t, r, lever.ChangeCollector, params{"hold_logs": "2s"},
		func() error { state := logged(); return is(state.LogRecords > 0 && state.LogAge > 0.5, state) },
		func() error { state := logged(); return is(state.LogRecords > 0 && state.LogAge < 0.4, state) })
	r.expect(t, `count(tollgate_log_age_seconds_sum) + count(tollgate_log_age_seconds_count)`, 2)
}

func TestSessionsAsALabel(t *testing.T) {
	r := start(t, fast())
	s := newSDK(t, r)
	n := 0
	session := func() lever.Series {
		var record log.Record
		n++
		record.SetTimestamp(time.Now())
		record.AddAttributes(attribute.String("perso.reason", "unknown-user"), attribute.String("session.id", fmt.Sprint(n)))
		s.logger.Logger("test").Emit(context.Background(), record)
		_, span := s.tracer.Tracer("test").Start(context.Background(), "recommend")
		span.SetAttributes(attribute.String("session.id", fmt.Sprint(n)))
		span.End()
		s.try()
		return asked[lever.Series](t, r, lever.AskSeries, params{"match": `{session_id!=""}`})
	}
	ever := 0
	pulled(t, r, lever.ChangeCollector, params{"count_by": "session.id", "most_series": 20000},
		func() error { got := session(); ever = got.Ever; return is(got.Ever >= 30 && got.Fresh >= 30, got) },
		func() error { got := session(); return is(got.Fresh == 0, got) })
	// No more series are made than are allowed, although the lever stays in force.
	pulled(t, r, lever.ChangeCollector, params{"count_by": "session.id", "most_series": ever},
		func() error { got := session(); return is(got.Fresh == 0, got) },
		func() error { got := session(); return is(got.Fresh == 0, got) })
}

func TestDroppedMetric(t *testing.T) {
	r := start(t, fast())
	s := newSDK(t, r)
	decided := func(metric string) lever.Series {
		s.decide("none")
		s.try()
		return asked[lever.Series](t, r, lever.AskSeries, params{"match": metric})
	}
	eventually.Nil(t, func() error { got := decided("perso_decisions_total"); return is(got.Fresh > 0, got) })
	pulled(t, r, lever.ChangeCollector, params{"drop_metric": "perso.decisions"},
		func() error {
			dropped, kept := decided("perso_decisions_total"), decided("http_server_request_duration_seconds_count")
			return is(dropped.Fresh == 0 && dropped.Ever > 0 && kept.Fresh > 0, fmt.Sprint(dropped, kept))
		},
		func() error { got := decided("perso_decisions_total"); return is(got.Fresh > 0, got) })
}

func TestSilence(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	text := "groups: [{name: g, interval: 100ms, rules: [{alert: Watchdog, expr: 'vector(1)'}, " +
		"{alert: Up, expr: 'up{job=\"pipeline\"} == 1'}]}]"
	if err := os.WriteFile(rules, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := fast()
	cfg.RulesFile, cfg.Lookback = rules, time.Minute
	r := start(t, cfg)
	heard := func() float64 {
		n, err := r.value(`sum(increase(alertmanager_notifications_total{receiver="heartbeat"}[500ms]))`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	r.expect(t, `alertmanager_notifications_total{receiver="on-call"}`, 1)
	pulled(t, r, lever.SilenceAlerts, params{"matchers": []string{`alertname=~".+"`}},
		func() error {
			got, n := asked[lever.Notified](t, r, lever.AskNotified, nil), heard()
			return is(got.Silences == 1 && got.Suppressed > 0 && got.Sent == 0 && n == 0, fmt.Sprint(got, n))
		},
		func() error {
			got, n := asked[lever.Notified](t, r, lever.AskNotified, nil), heard()
			return is(got.Silences == 0 && n > 0, fmt.Sprint(got, n))
		})
}

func TestLeversRefuse(t *testing.T) {
	r := start(t, Config{})
	client := role.NewClient(token)
	defer client.Close()
	for _, tt := range []struct {
		name string
		with any
	}{
		{lever.StopCollector, params{"now": true}},
		{lever.ChangeCollector, params{"queue": -1}},
		{lever.ChangeCollector, params{"latency": "1h"}},
		{lever.ChangeCollector, params{"drop": "x"}},
		{lever.SilenceAlerts, params{"matchers": []string{}}},
		{lever.SilenceAlerts, params{"matchers": []string{"alertname=~("}}},
	} {
		if err := client.Pull(t.Context(), "http://"+r.addr["http"], tt.name, tt.with, time.Minute); err == nil {
			t.Errorf("%s %v: no error", tt.name, tt.with)
		}
	}
	if state := collectorOf(t, r); !state.Answers {
		t.Error("a refused lever has stopped the Collector")
	}
}
