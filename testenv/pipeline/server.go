package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// otlpPath is where Prometheus takes metrics by OTLP.
const otlpPath = "/api/v1/otlp/v1/metrics"

// alertsPath is where Prometheus's user interface, which this process does not have, shows the alerts.
const alertsPath = "/alerts"

// maxBody is how long a body can be, in bytes: a batch of metrics from the Collector, or a remote write.
const maxBody = 64 << 20

// handler serves the Prometheus API, the self-metrics of both parts, and the role's own end points.
func (p *process) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", p.guarded(p.engine.api()))
	mux.Handle("GET "+alertsPath, p.guarded(http.RedirectHandler("/api/v1/alerts", http.StatusFound)))
	mux.Handle("GET /metrics", p.guarded(promhttp.HandlerFor(
		prometheus.Gatherers{p.collector, p.engine.registry},
		promhttp.HandlerOpts{DisableCompression: true})))
	mux.HandleFunc("GET "+role.HealthPath, func(w http.ResponseWriter, _ *http.Request) {
		status := http.StatusOK
		if p.collector.visible.Load() == nil {
			status = http.StatusServiceUnavailable // nobody takes the arm's telemetry
		}
		answer(w, status, struct{}{})
	})
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, struct{}{}) })
	}
	mux.Handle(role.ControlPath, p.control)
	mux.Handle("POST "+role.ExportsPath, api.Guard(http.HandlerFunc(p.takeExports), p.cfg.Token))
	return mux
}

// stats answers the question role.StatsQuestion.
func (p *process) stats(context.Context, json.RawMessage) (any, error) {
	s, err := p.collector.stats()
	s.ActiveSeries = p.engine.activeSeries()
	return s, err
}

// keepExports answers as stats does, and makes the tap keep what comes from that moment on.
func (p *process) keepExports(ctx context.Context, params json.RawMessage) (s any, err error) {
	failed := p.cfg.tap.Begin(func() { s, err = p.stats(ctx, params) })
	return s, errors.Join(failed, err)
}

// holdExports answers as stats does, and makes the tap keep nothing that comes after that moment.
func (p *process) holdExports(ctx context.Context, params json.RawMessage) (s any, err error) {
	p.cfg.tap.Hold(func() { s, err = p.stats(ctx, params) })
	return s, err
}

// takeExports answers with what the tap has kept.
func (p *process) takeExports(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	_ = p.cfg.tap.Take(w) // an error means that the client is gone
}

// guarded refuses requests without the pipeline's token, if it has one.
func (p *process) guarded(next http.Handler) http.Handler {
	if p.cfg.PipelineToken == "" {
		return next
	}
	return api.Guard(next, p.cfg.PipelineToken)
}

// onLoopback refuses requests to other hosts at a listener of the loopback interface.
func onLoopback(listener string, next http.Handler) http.Handler {
	if !api.Loopback(listener) {
		return next
	}
	return api.Local(next)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error means that the client is gone
}
