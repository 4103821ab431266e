package pipeline

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tollgate-dev/tollgate/internal/core/api"
)

// forged is a request with one data point of a metric that no service has.
func forged() pmetricotlp.ExportRequest {
	m := pmetric.NewMetrics()
	metric := m.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("forged")
	point := metric.SetEmptyGauge().DataPoints().AppendEmpty()
	point.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	point.SetDoubleValue(1)
	return pmetricotlp.NewExportRequestFromMetrics(m)
}

// TestStrangersAreRefused: whoever lacks the token, or was led here by the name of another host, neither reads nor writes series.
func TestStrangersAreRefused(t *testing.T) {
	r := start(t, Config{})
	body, err := forged().MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	ours, http401, http421 := api.Bearer(pipelineToken), http.StatusUnauthorized, http.StatusMisdirectedRequest
	for _, c := range []struct {
		base, path, host, authorization string
		want                            int
	}{
		{r.addr["otlp"], "/v1/metrics", "", "", http401},
		{r.addr["otlp"], "/v1/metrics", "", api.Bearer("wrong"), http401},
		{r.addr["otlp"], "/v1/metrics", "", api.Bearer(token), http401}, // of the control endpoint
		{r.addr["otlp"], "/v1/metrics", "evil.example", ours, http421},
		{r.addr["otlp"], "/v1/metrics", "localhost", ours, http.StatusOK},
		{"http://" + r.addr["http"], otlpPath, "", "", http401},
		{"http://" + r.addr["http"], otlpPath, "evil.example", ours, http421},
		{"http://" + r.addr["http"], otlpPath, "localhost", ours, http.StatusOK},
	} {
		req, err := http.NewRequest(http.MethodPost, c.base+c.path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		req.Header.Set("Content-Type", "application/x-protobuf")
		req.Header.Set("Authorization", c.authorization)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s, host %q, %q: %s, want %d", c.path, c.host, c.authorization, resp.Status, c.want)
		}
	}

	conn, err := grpc.NewClient(r.addr["otlp-grpc"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for authorization, want := range map[string]codes.Code{"": codes.Unauthenticated, api.Bearer("wrong"): codes.Unauthenticated, ours: codes.OK} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", authorization)
		if _, err := pmetricotlp.NewGRPCClient(conn).Export(ctx, forged()); status.Code(err) != want {
			t.Errorf("gRPC, %q: %v, want %v", authorization, err, want)
		}
	}
	if got := r.stats(t); got.DataPoints != 2 {
		t.Errorf("%d data points were taken, want the 2 that came to the Collector with the token", got.DataPoints)
	}
}

// TestCollectorEndsWhoHoldsItUp: a client of the Collector that does not finish what it began loses its connection.
func TestCollectorEndsWhoHoldsItUp(t *testing.T) {
	r := start(t, Config{})
	for _, c := range []struct{ name, address, sent string }{
		{"HTTP header", strings.TrimPrefix(r.addr["otlp"], "http://"), "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nX-A: b"},
		{"gRPC preface", r.addr["otlp-grpc"], "PRI * HTTP/2.0\r\n"},
		{"HTTP/1 at gRPC", r.addr["otlp-grpc"], "GET / HTTP/1.1\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each waits for a limit
			conn, err := net.Dial("tcp", c.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.sent); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(limit))
			_, err = io.ReadAll(conn)
			if slow, ok := err.(net.Error); ok && slow.Timeout() {
				t.Errorf("the connection is open after %v", limit)
			}
		})
	}
}
