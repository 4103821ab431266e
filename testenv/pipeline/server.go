package pipeline

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tollgate-dev/tollgate/internal/api"
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
		prometheus.Gatherers{p.collector.self, p.engine.registry},
		promhttp.HandlerOpts{DisableCompression: true})))
	for _, path := range []string{role.HealthPath, "/-/healthy", "/-/ready"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, struct{}{}) })
	}
	mux.HandleFunc("POST "+role.ControlPath+role.StatsQuestion, p.authorized(p.stats))
	mux.HandleFunc(role.ControlPath, p.authorized(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("telemetry has no control %s %s: want POST %s%s", r.Method, r.URL.Path, role.ControlPath, role.StatsQuestion))
	}))
	return mux
}

// stats answers the question role.StatsQuestion.
func (p *process) stats(w http.ResponseWriter, _ *http.Request) {
	s, err := p.collector.stats()
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	s.ActiveSeries = p.engine.activeSeries()
	answer(w, http.StatusOK, s)
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

// authorized refuses requests without the run's token.
func (p *process) authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !api.Authorized(r, p.cfg.Token) {
			refuse(w, http.StatusUnauthorized, "control needs the run's bearer token")
			return
		}
		next(w, r)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error means that the client is gone
}
