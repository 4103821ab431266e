package pipeline

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// otlpPath is where Prometheus takes metrics by OTLP.
const otlpPath = "/api/v1/otlp/v1/metrics"

// handler serves the Prometheus API, the self-metrics of both parts, and the role's own end points.
func (p *process) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", p.engine.api())
	mux.Handle("GET /metrics", promhttp.HandlerFor(
		prometheus.Gatherers{p.collector.self, p.engine.registry},
		promhttp.HandlerOpts{DisableCompression: true}))
	for _, path := range []string{"/healthz", "/-/healthy", "/-/ready"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, struct{}{}) })
	}
	mux.HandleFunc("POST /control/stats", p.authorized(p.stats))
	mux.HandleFunc("/control/", p.authorized(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("telemetry has no control %s %s: want POST /control/stats", r.Method, r.URL.Path))
	}))
	return mux
}

// stats answers POST /control/stats.
func (p *process) stats(w http.ResponseWriter, _ *http.Request) {
	s, err := p.collector.stats()
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	s.ActiveSeries = p.engine.activeSeries()
	answer(w, http.StatusOK, s)
}

// authorized lets only the bearer of the run's token through.
func (p *process) authorized(next http.HandlerFunc) http.HandlerFunc {
	want := []byte("Bearer " + p.cfg.Token)
	return func(w http.ResponseWriter, r *http.Request) {
		if p.cfg.Token == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
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
	_ = json.NewEncoder(w).Encode(body) // the client is gone, and nobody is left to be told
}
