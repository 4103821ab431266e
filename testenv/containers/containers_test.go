package containers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Run(m)) }

// containers is the environment with the images that a test needs.
func containers(t *testing.T, backends ...collector.Target) *Environment {
	t.Helper()
	e := enginetest.Open(t)
	c := &Environment{Binary: enginetest.Program(t), Backends: backends, Say: func(line string) { t.Log(line) }}
	enginetest.Images(t, e, c.names()...)
	if err := c.Check(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.engine.Close() })
	return c
}

// alwaysFiring is a rule file whose alert fires at once.
const alwaysFiring = `groups:
  - name: test
    interval: 500ms
    rules:
      - {alert: Always, expr: vector(1)}
`

// deployed is one launch of one arm at level full, with its directories.
func deployed(t *testing.T) (*launch, *arm, testenv.Spec) {
	t.Helper()
	c := containers(t, collector.Target{Backend: zipkinHost})
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(alwaysFiring), 0o644); err != nil {
		t.Fatal(err)
	}
	level, err := testenv.Level("full")
	if err != nil {
		t.Fatal(err)
	}
	env := level.Env
	env["OTEL_BSP_SCHEDULE_DELAY"], env["OTEL_BLRP_SCHEDULE_DELAY"], env["OTEL_METRIC_EXPORT_INTERVAL"] = "50", "50", "250"
	spec := testenv.Spec{
		Run:  "a run",
		Arms: []testenv.ArmSpec{{Arm: result.Arm{Name: "full", Level: "full"}, Env: env}}, Seed: 1, Users: 100, Items: 50,
		RulesFile: rules, EvalInterval: 500 * time.Millisecond, Scrape: 500 * time.Millisecond, Lookback: 5 * time.Second,
		SeriesDir: filepath.Join(dir, "series"), TelemetryDir: filepath.Join(dir, "telemetry"), Links: true,
	}
	up, err := c.Launch(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	l := up.(*launch)
	t.Cleanup(func() { _ = l.Close(context.WithoutCancel(t.Context())) }) // a second time where the test has closed it
	return l, l.arms[0], spec
}

// fetch decodes the JSON answer of a GET.
func fetch(ctx context.Context, url string, into any) error {
	client := api.New("")
	defer client.Close() // Prometheus takes 512 connections
	return client.Get(ctx, url, into)
}

// post sends a JSON body; the answer must have the given status.
func post(t *testing.T, url, body string, status int) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != status {
		t.Fatalf("%s: %s: %s", url, resp.Status, text)
	}
}

// clicks sends n events.
func clicks(t *testing.T, a *arm, n int) {
	t.Helper()
	for i := range n {
		post(t, a.Gateway()+"/v1/events", fmt.Sprintf(
			`{"type":"click","session":"s%d","channel":"web","request_id":"r%d","item":"i1","variant":"a","time_ms":%d}`, i, i, time.Now().UnixMilli()), 202)
	}
}

func TestContainers(t *testing.T) {
	l, a, spec := deployed(t)
	ctx := t.Context()
	for range 20 {
		post(t, a.Gateway()+"/v1/recommend", `{"session":"s1","channel":"web","slots":4,"placement":"home"}`, 200)
	}
	clicks(t, a, 20)

	t.Run("start-up", func(t *testing.T) {
		want := []string{"kafka", "redis", "jaeger", "zipkin", "alertmanager", "full-collector", "full-prometheus", "full-links", "receiver"}
		for _, service := range role.Services() {
			want = append(want, "full-"+service)
		}
		for _, part := range want {
			if l.StartUp().Parts[part] <= 0 {
				t.Errorf("no start-up time of %s in %v", part, l.StartUp().Parts)
			}
		}
		t.Logf("ready after %v: %v", l.StartUp().Total, l.StartUp().Parts)
	})
	t.Run("traces reach Jaeger and Zipkin", func(t *testing.T) {
		eventually.Nil(t, func() error {
			var jaeger struct{ Data []string }
			if err := fetch(ctx, l.shared[jaegerHost].URL("16686")+"/api/services", &jaeger); err != nil {
				return err
			}
			var zipkin []string
			if err := fetch(ctx, l.shared[zipkinHost].URL("9411")+"/api/v2/services", &zipkin); err != nil {
				return err
			}
			for _, service := range []string{role.Gateway, role.Decision, role.Model, role.Profile, role.Ingest} {
				if !slices.Contains(jaeger.Data, service) || !slices.Contains(zipkin, service) {
					return fmt.Errorf("no %s in %v and %v", service, jaeger.Data, zipkin)
				}
			}
			return nil
		})
	})
	t.Run("alerts reach Alertmanager", func(t *testing.T) {
		eventually.Nil(t, func() error {
			var alerts []struct{ Labels map[string]string }
			if err := fetch(ctx, l.shared[alertmanagerHost].URL("9093")+"/api/v2/alerts", &alerts); err != nil {
				return err
			}
			if len(alerts) != 1 || alerts[0].Labels["alertname"] != "Always" || alerts[0].Labels["arm"] != "full" {
				return fmt.Errorf("alerts %v", alerts)
			}
			return nil
		})
	})
	t.Run("the outside view and the services' metrics are in Prometheus", func(t *testing.T) {
		for query, want := range map[string]string{
			"sum(probe_success)": "8", "count(process_cpu_seconds_total)": "7", "count(kafka_consumergroup_lag) > 0": "6",
			"count(sum by (job) (http_server_request_duration_seconds_count)) > 3":                                                     "",
			`count(count by (instance) (target_info{tollgate_run_id="a run",service_version!="",deployment_environment_name="test"}))`: "6",
			`count(messaging_client_operation_duration_seconds_count{server_address="kafka",error_type=""}) > 0`:                       "",
			`count(db_client_operation_duration_seconds_count{server_address="full-links",error_type=""}) > 0`:                         "",
		} {
			eventually.Nil(t, func() error {
				var answer struct {
					Data struct{ Result []struct{ Value [2]any } }
				}
				if err := fetch(ctx, a.Prometheus()+"/api/v1/query?query="+url.QueryEscape(query), &answer); err != nil {
					return err
				}
				if len(answer.Data.Result) != 1 || want != "" && answer.Data.Result[0].Value[1] != want {
					return fmt.Errorf("%s is %v, want %s", query, answer.Data.Result, want)
				}
				return nil
			})
		}
	})
	t.Run("telemetry is counted", func(t *testing.T) {
		eventually.Nil(t, func() error {
			v, err := a.Telemetry(ctx)
			if err != nil {
				return err
			}
			if v.Spans < 60 || v.DataPoints == 0 || v.Bytes < 1000 || v.ActiveSeries < 50 || v.Refused != 0 {
				return fmt.Errorf("counted %+v", v)
			}
			return nil
		})
	})
	t.Run("usage", func(t *testing.T) {
		u, err := a.Usage()
		if err != nil {
			t.Fatal(err)
		}
		for _, service := range append(role.Services(), role.Telemetry, role.Backing) {
			if u.CPU[service] <= 0 || service != role.Backing && u.RSS[service] < 1<<20 {
				t.Errorf("%s used %v and %d bytes", service, u.CPU[service], u.RSS[service])
			}
			if peak, known := u.Peak[service]; known && (service == role.Backing || peak < u.RSS[service]) {
				t.Errorf("%s: peak %d below %d bytes", service, peak, u.RSS[service])
			}
		}
	})
	t.Run("runtimes", func(t *testing.T) {
		before, err := a.Runtime(ctx)
		if err != nil {
			t.Fatal(err)
		}
		post(t, a.Gateway()+"/v1/recommend", `{"session":"s1","channel":"web","slots":4,"placement":"home"}`, 200)
		eventually.Nil(t, func() error { // small objects are counted when their span is full
			now, err := a.Runtime(ctx)
			if err != nil {
				return err
			}
			for _, service := range role.Services() {
				if more := now[service].Since(before[service]); before[service].AllocObjects <= 0 || more.AllocBytes <= 0 {
					return fmt.Errorf("%s: %+v, then %+v", service, before[service], more)
				}
			}
			return nil
		})
	})
	t.Run("a parked arm stands still", func(t *testing.T) {
		if err := a.Park(); err != nil {
			t.Fatal(err)
		}
		before, err := a.Usage()
		if err != nil {
			t.Fatal(err)
		}
		if ok, _ := a.Answers(ctx, role.Gateway); ok {
			t.Error("the gateway answers though it is parked")
		}
		after, err := a.Usage()
		if err != nil || after.CPU[role.Gateway] != before.CPU[role.Gateway] {
			t.Errorf("the gateway used %v while it was parked: %v", after.CPU[role.Gateway]-before.CPU[role.Gateway], err)
		}
		if err := a.Unpark(); err != nil {
			t.Fatal(err)
		}
		eventually.Nil(t, func() error {
			if ok, err := a.Answers(ctx, role.Gateway); !ok {
				return fmt.Errorf("no answer: %w", err)
			}
			return nil
		})
	})
	t.Run("lag", func(t *testing.T) { testLag(t, a) })
	t.Run("the end", func(t *testing.T) { testEnd(t, l, spec) })
}

// testLag makes the consumer of real Kafka lag in both ways, and reads it from the group's offsets at the broker.
func testLag(t *testing.T, a *arm) {
	total := func() int64 {
		lags, err := a.Lag(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(lags) != role.Partitions {
			t.Fatalf("lag of %d partitions, want %d", len(lags), role.Partitions)
		}
		sum := int64(0)
		for _, lag := range lags {
			sum += lag
		}
		return sum
	}
	caughtUp := func() error {
		if n := total(); n > 0 {
			return fmt.Errorf("%d records of lag", n)
		}
		return nil
	}
	quota := map[string]any{"arm": "full", "interval": "1s", "max_bytes": 1024}
	for _, way := range []struct {
		service, lever string
		params         any
	}{
		{role.Backing, lever.ThrottleFetch, quota},
		{role.Ingest, lever.Pause, struct{}{}}, // the consumer stands still
	} {
		t.Run(way.lever, func(t *testing.T) {
			eventually.Nil(t, caughtUp)
			if err := a.Pull(t.Context(), way.service, way.lever, way.params, time.Minute); err != nil {
				t.Fatal(err)
			}
			eventually.Nil(t, func() error { // the first second of a quota is still within it
				clicks(t, a, 100)
				if n := total(); n < 100 {
					return fmt.Errorf("only %d records of lag", n)
				}
				return nil
			})
			for range 2 { // releasing twice is no error
				if err := a.Release(t.Context(), way.service, way.lever); err != nil {
					t.Fatal(err)
				}
			}
			eventually.Nil(t, caughtUp)
		})
	}
	t.Run("what does not exist is an error on every path", func(t *testing.T) {
		for _, at := range []struct{ service, lever string }{
			{"nobody", lever.Pause}, {"nobody", lever.ThrottleFetch}, {role.Gateway, "push"}, {role.Gateway, lever.Deliver}, {role.Backing, lever.Pause}, {role.Gateway, lever.Latency},
		} {
			if err := a.Pull(t.Context(), at.service, at.lever, struct{}{}, time.Minute); err == nil {
				t.Errorf("%s was pulled at %s", at.lever, at.service)
			}
			if err := a.Release(t.Context(), at.service, at.lever); err == nil {
				t.Errorf("%s was released at %s", at.lever, at.service)
			}
			if err := a.Ask(t.Context(), at.service, at.lever, struct{}{}, nil); err == nil {
				t.Errorf("%s was asked at %s", at.lever, at.service)
			}
		}
	})
	t.Run("wrong parameters are refused", func(t *testing.T) {
		if err := a.Pull(t.Context(), role.Backing, lever.ThrottleFetch, map[string]any{"interval": "0s", "max_bytes": 1}, time.Minute); err == nil {
			t.Error("no error")
		}
		if err := a.Release(t.Context(), role.Backing, lever.ThrottleFetch); err != nil {
			t.Error(err)
		}
	})
	t.Run("the lease ends", func(t *testing.T) {
		if err := a.Pull(t.Context(), role.Backing, lever.ThrottleFetch, quota, 200*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		eventually.Nil(t, func() error {
			quotas, err := a.launch.admin.DescribeClientQuotas(t.Context(), false, nil)
			if err != nil {
				return err
			}
			for _, q := range quotas {
				if len(q.Values) > 0 {
					return fmt.Errorf("quota in force: %v", q)
				}
			}
			return nil
		})
	})
}

// testEnd: series and telemetry are copied out, and the engine has nothing left of the launch.
func testEnd(t *testing.T, l *launch, spec testenv.Spec) {
	var log bytes.Buffer
	l.spec.Log = &log
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{
		filepath.Join(spec.SeriesDir, "full", "wal"), filepath.Join(spec.TelemetryDir, "full.spans.jsonl"), filepath.Join(spec.TelemetryDir, "full.logs.jsonl"),
	} {
		if info, err := os.Stat(file); err != nil || !info.IsDir() && info.Size() == 0 {
			t.Errorf("%s: %v, or it is empty", file, err)
		}
	}
	if !strings.Contains(log.String(), "--- kafka") || !strings.Contains(log.String(), "--- gateway of arm full") {
		t.Error("the logs of the containers were not kept")
	}
	mine := make(client.Filters).Add("label", engine.LabelSession+"="+l.session.ID)
	left, err := l.engine.Client.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: mine})
	if err != nil || len(left.Items) > 0 {
		t.Errorf("containers are left: %v, %v", left.Items, err)
	}
	networks, err := l.engine.Client.NetworkList(t.Context(), client.NetworkListOptions{Filters: mine})
	if err != nil || len(networks.Items) > 0 {
		t.Errorf("networks are left: %v, %v", networks.Items, err)
	}
}

// TestContainersNeedTheirCheck: Launch needs the images that Check prepares.
func TestContainersNeedTheirCheck(t *testing.T) {
	if _, err := (&Environment{}).Launch(t.Context(), testenv.Spec{}); err == nil || !strings.Contains(err.Error(), "Check must come before Launch") {
		t.Errorf("got %v", err)
	}
}
