package pipeline

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/grafana/regexp"
	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/tsdb"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

const prometheusModule = "github.com/prometheus/prometheus"

// api returns Prometheus's HTTP API, for the path /api/v1.
func (e *engine) api() http.Handler {
	started := time.Now()
	api := v1.NewAPI(
		e.query, e.db, e.db, e.db, e.db,
		func(context.Context) v1.ScrapePoolsRetriever { return e.scrape },
		func(context.Context) v1.TargetRetriever { return e.scrape },
		func(context.Context) v1.AlertmanagerRetriever { return noAlertmanager{} },
		func() config.Config { return *e.config },
		nil, // flags
		v1.GlobalURLOptions{ListenAddress: e.self, Host: e.self, Scheme: "http"}, // an empty one is an error of every local target
		func(h http.HandlerFunc) http.HandlerFunc { return h },                   // always ready: it is mounted only once it is
		adminStats{e.db}, e.dir,
		false, false, 0, // admin, search
		e.logger,
		func(context.Context) v1.RulesRetriever { return e.rules },
		0, 1, 1<<20, // remote read
		false,
		regexp.MustCompile("^$"), // no foreign origins
		func() (v1.RuntimeInfo, error) { return runtimeInfo(started), nil },
		buildInfo(),
		nil, nil, // notifications
		e.registry, e.registry,
		nil,
		true, remote.MessageTypes{remote.WriteV1MessageType}, // remote write: it brings the outside view where that cannot be scraped
		true, true, false, // OTLP, deltas to cumulative
		false,
		e.cfg.Lookback,
		false, false,
		nil, nil,
		v1.OpenAPIOptions{},
		e.parser,
	)
	router := route.New().WithPrefix("/api/v1")
	api.Register(router)
	return router
}

// buildInfo tells clients, which may adapt to it, the version of this Prometheus.
func buildInfo() *v1.PrometheusVersion {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == prometheusModule {
				version = serverVersion(m.Version)
			}
		}
	}
	return &v1.PrometheusVersion{Version: version, GoVersion: runtime.Version()}
}

func runtimeInfo(started time.Time) v1.RuntimeInfo {
	host, _ := os.Hostname() // for information only
	return v1.RuntimeInfo{
		StartTime: started, ServerTime: time.Now(), Hostname: host,
		ReloadConfigSuccess: true, LastConfigTime: started,
		GoroutineCount: runtime.NumGoroutine(), GOMAXPROCS: runtime.GOMAXPROCS(0),
	}
}

// noAlertmanager is a Prometheus without Alertmanagers.
type noAlertmanager struct{}

func (noAlertmanager) Alertmanagers() []*url.URL        { return nil }
func (noAlertmanager) DroppedAlertmanagers() []*url.URL { return nil }

// adminStats is a database with the statistics that the API needs.
type adminStats struct{ *tsdb.DB }

// Stats describes the head by its most frequent labels.
func (a adminStats) Stats(label string, limit int) (*tsdb.Stats, error) {
	return a.Head().Stats(label, limit), nil
}

// WALReplayStatus says that the replay is done, since the database is open.
func (a adminStats) WALReplayStatus() (tsdb.WALReplayStatus, error) {
	return tsdb.WALReplayStatus{}, nil
}

// BlockMetas describes the blocks on disk.
func (a adminStats) BlockMetas() ([]tsdb.BlockMeta, error) { return a.DB.BlockMetas(), nil }

// serverVersion turns a module version such as v0.315.0 into the version that the server of that release calls
// itself, 3.15.0.
func serverVersion(module string) string {
	var minor, patch int
	if _, err := fmt.Sscanf(module, "v0.%d.%d", &minor, &patch); err != nil || minor < 100 {
		return module
	}
	return fmt.Sprintf("%d.%d.%d", minor/100, minor%100, patch)
}
