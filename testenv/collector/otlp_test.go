package collector_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/collector"
)

// secret has everything that YAML or the Collector could take for something else.
const secret = `Api-Token dt0c01.a: b,"#'$${env:HOME} $HOME`

// The back end otlp sends all signals to the endpoint, and with the headers, that the environment names. Neither is in the
// configuration.
func TestOTLPBackend(t *testing.T) {
	var mu sync.Mutex
	got := map[string]http.Header{}
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path] = r.Header.Clone()
		if r.Header.Get("Authorization") != secret || r.Header.Get("X-Number") != "007" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer vendor.Close()
	user := map[string]string{
		collector.EnvOTLPEndpoint: vendor.URL + "/ingest",
		collector.EnvOTLPHeaders:  "Authorization=" + strings.NewReplacer("%", "%25", ",", "%2C", " ", "%20").Replace(secret) + " , x-number=007",
	}
	targets := []collector.Target{{Backend: "otlp"}}
	env, err := collector.Environ(targets, func(name string) string { return user[name] })
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	address := free(t)
	text, err := collector.Config{HTTP: address, GRPC: free(t), Prometheus: vendor.URL + "/own", Backends: targets}.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{"dt0c01", "/ingest", "x-number"} {
		if strings.Contains(string(text), hidden) {
			t.Errorf("the configuration has %s in it:\n%s", hidden, text)
		}
	}
	run(t, string(text))
	send(t, "http://"+address, 1)
	for _, path := range []string{"/ingest/v1/traces", "/ingest/v1/logs", "/ingest/v1/metrics"} {
		eventually.Nil(t, func() error {
			mu.Lock()
			defer mu.Unlock()
			if got[path] == nil {
				return errors.New("nothing came to " + path)
			}
			return nil
		})
		mu.Lock()
		if h := got[path]; h.Get("Authorization") != secret || h.Get("X-Number") != "007" {
			t.Errorf("%s: headers %q, want %q and 007", path, h, secret)
		}
		mu.Unlock()
	}
	mu.Lock()
	defer mu.Unlock()
	if h := got["/own"]; h != nil && h.Get("Authorization") != "" {
		t.Error("the arm's own Prometheus was sent the vendor's header")
	}
}

func TestEnvironRefuses(t *testing.T) {
	for _, tt := range []struct{ endpoint, headers, want string }{
		{"", "", "TOLLGATE_OTLP_ENDPOINT must be set to http://host:port or https://host"},
		{"secret.example.com:4318", "", "TOLLGATE_OTLP_ENDPOINT must be set"},
		{"https://otlp.example.com", "api-key=a,secret", "TOLLGATE_OTLP_HEADERS: pair 2 must be name=value"},
		{"https://otlp.example.com", "api-key=secret%zz", "TOLLGATE_OTLP_HEADERS: pair 1"},
		{"https://otlp.example.com", "=secret", "TOLLGATE_OTLP_HEADERS: pair 1"},
		{"https://otlp.example.com", "bad name=secret", "TOLLGATE_OTLP_HEADERS: pair 1"},
	} {
		user := map[string]string{collector.EnvOTLPEndpoint: tt.endpoint, collector.EnvOTLPHeaders: tt.headers}
		_, err := collector.Environ([]collector.Target{{Backend: "otlp"}}, func(name string) string { return user[name] })
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q, %q: error %v, want one with %q and without the secret", tt.endpoint, tt.headers, err, tt.want)
		}
	}
	env, err := collector.Environ([]collector.Target{{Backend: "jaeger"}}, func(string) string { return "secret" })
	if err != nil || len(env) > 0 {
		t.Errorf("jaeger needs nothing: %v, %v", env, err)
	}
}

// run runs a Collector in this process until the test ends.
func run(t *testing.T, config string) {
	t.Helper()
	c, err := otelcol.NewCollector(otelcol.CollectorSettings{
		BuildInfo: component.NewDefaultBuildInfo(), Factories: factories, DisableGracefulShutdown: true, SkipSettingGRPCLogger: true,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs:              []string{"yaml:" + config},
			ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory(), envprovider.NewFactory()},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.WithoutCancel(t.Context())) }()
	t.Cleanup(func() {
		c.Shutdown()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	eventually.Nil(t, func() error {
		if c.GetState() != otelcol.StateRunning {
			return fmt.Errorf("the Collector is %v", c.GetState())
		}
		return nil
	})
}

func factories() (f otelcol.Factories, err error) {
	f.Telemetry = telemetry.NewFactory(func() component.Config { return &struct{}{} }) // it says nothing about itself
	if f.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory()); err != nil {
		return f, err
	}
	if f.Processors, err = otelcol.MakeFactoryMap[processor.Factory](batchprocessor.NewFactory(), memorylimiterprocessor.NewFactory(),
		transformprocessor.NewFactory()); err != nil {
		return f, err
	}
	if f.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](otlphttpexporter.NewFactory()); err != nil {
		return f, err
	}
	f.Connectors, err = otelcol.MakeFactoryMap[connector.Factory](countconnector.NewFactory())
	return f, err
}

// free returns an address of this machine with a free port.
func free(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
