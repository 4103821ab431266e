// Package receiver is what is at the far end of the pipelines of arms in containers: it takes log records from their Collectors, and
// notifications from the Alertmanager that they share. It counts both by arm and keeps nothing. So the age of log records and the
// notifications are counted where they arrive, which the parts on the way cannot do.
package receiver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// NotifyPath is where an Alertmanager's webhook posts. The body names the receiver, and the arm among the labels of the group.
const NotifyPath = "/notify"

// LogsPath is where the Collector of an arm posts log records, by OTLP over HTTP, in protobuf, not compressed.
func LogsPath(arm string) string { return "/" + arm + "/v1/logs" }

// MetricsPath is where the Prometheus of an arm scrapes what came in for it.
func MetricsPath(arm string) string { return "/" + arm + "/metrics" }

// CountsPath is where the same can be read as Counts, in JSON.
func CountsPath(arm string) string { return "/" + arm + "/counts" }

// maxBody is how long a body can be, in bytes: the log records that a Collector has held for a while.
const maxBody = 64 << 20

// ConfigFromEnv reads the configuration with getenv: see role.FromEnv. Listen and Arms are used.
func ConfigFromEnv(getenv func(string) string) (role.Config, error) {
	c, err := role.FromEnv(getenv)
	if err != nil {
		return role.Config{}, err
	}
	return c, c.Require(role.Receiver, &c.Arms)
}

// Run serves until ctx ends. It prints the ready line to stdout as soon as it listens.
func Run(ctx context.Context, cfg role.Config, stdout io.Writer) error {
	listener, err := role.Listen(cfg.Listen)
	if err != nil {
		return err
	}
	server := api.Server(New(cfg.Arms), maxBody)
	err = api.Serve(ctx, server, listener, func() error {
		return child.Announce(stdout, map[string]string{role.AddrHTTP: listener.Addr().String()})
	})
	if err != nil {
		return fmt.Errorf("receiver: %w", err)
	}
	return nil
}

// New returns a receiver for these arms as a handler.
func New(arms []string) http.Handler {
	s := server{}
	mux := http.NewServeMux()
	for _, name := range arms {
		a := newArm()
		s[name] = a
		registry := prometheus.NewRegistry()
		registry.MustRegister(a)
		mux.HandleFunc("POST "+LogsPath(name), a.takeLogs)
		mux.Handle("GET "+MetricsPath(name), promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}))
		mux.HandleFunc("GET "+CountsPath(name), func(w http.ResponseWriter, _ *http.Request) { answer(w, a.counts()) })
	}
	mux.HandleFunc("POST "+NotifyPath, s.takeNotification)
	mux.HandleFunc("GET "+role.HealthPath, func(w http.ResponseWriter, _ *http.Request) { answer(w, struct{}{}) })
	return mux
}

// server are the arms, by name.
type server map[string]*arm

// takeLogs takes log records.
func (a *arm) takeLogs(w http.ResponseWriter, r *http.Request) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" {
		http.Error(w, fmt.Sprintf("receiver: log records must not be compressed, got %q", encoding), http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(r.Body)
	request := plogotlp.NewExportRequest()
	if err == nil {
		err = request.UnmarshalProto(body)
	}
	if err != nil {
		http.Error(w, "receiver: log records: "+err.Error(), http.StatusBadRequest)
		return
	}
	a.ages.Observe(request.Logs(), time.Now())
	text, err := plogotlp.NewExportResponse().MarshalProto()
	if err != nil {
		http.Error(w, "receiver: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(text) // a client that is gone needs no answer
}

// notification is the body of an Alertmanager's webhook, as far as it is read.
type notification struct {
	Receiver string            `json:"receiver"`
	Status   string            `json:"status"` // firing or resolved
	Group    map[string]string `json:"groupLabels"`
}

// takeNotification counts a notification that something fires. One that something is over is taken and not counted.
func (s server) takeNotification(w http.ResponseWriter, r *http.Request) {
	var n notification
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		http.Error(w, "receiver: notification: "+err.Error(), http.StatusBadRequest)
		return
	}
	a, known := s[n.Group["arm"]]
	if !known {
		http.Error(w, fmt.Sprintf("receiver: notification: no arm %q in groupLabels", n.Group["arm"]), http.StatusBadRequest)
		return
	}
	if n.Status == "firing" && !a.notify(n.Receiver) {
		http.Error(w, fmt.Sprintf("receiver: notification: receiver must be one of %v, got %q", Receivers(), n.Receiver), http.StatusBadRequest)
		return
	}
	answer(w, struct{}{})
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // an error means that the client is gone
}
