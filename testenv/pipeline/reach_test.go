package pipeline

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// In a container the Collector listens at an address that other containers reach, and the outside view is pushed to Prometheus.
// There, neither asks for a token.
func TestPipelineIsReachedFromElsewhere(t *testing.T) {
	ports, err := freePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	r := launch(t, Config{Config: role.Config{OTLPHTTP: ports[0], OTLPGRPC: ports[1]}})
	if r.addr["otlp"] != "http://"+ports[0] || r.addr["otlp-grpc"] != ports[1] {
		t.Errorf("the Collector is at %s and %s, want %v", r.addr["otlp"], r.addr["otlp-grpc"], ports)
	}
	resp, err := http.Post("http://"+ports[0]+"/v1/traces", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the Collector answers %s", resp.Status)
	}
	api, err := remote.NewAPI(r.addr["prometheus"], remote.WithAPIPath("api/v1/write"), remote.WithAPILogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.Write(t.Context(), remote.WriteV1MessageType, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:  []prompb.Label{{Name: "__name__", Value: "probe_success"}, {Name: "service", Value: "shop"}},
		Samples: []prompb.Sample{{Value: 1, Timestamp: time.Now().UnixMilli()}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	r.expect(t, `probe_success{service="shop"}`, 1)
}

func TestWhereTheCollectorListens(t *testing.T) {
	for _, wrong := range []map[string]string{{"PERSO_OTLP_HTTP": "4318"}, {"PERSO_OTLP_GRPC": "shop:"}} {
		wrong["PERSO_ARM"] = "full"
		if _, err := ConfigFromEnv(func(name string) string { return wrong[name] }, nil); err == nil || !strings.Contains(err.Error(), "host:port") {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
