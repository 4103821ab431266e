package receiver

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// post sends a body and returns the status and the answer.
func post(t *testing.T, url, encoding string, body []byte) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %v", url, resp.Status, err)
	}
	return string(text)
}

func countsOf(t *testing.T, base, arm string) (c Counts) {
	t.Helper()
	if err := json.Unmarshal([]byte(get(t, base+CountsPath(arm))), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// exported is an OTLP request with records of these ages; a record of age 0 has no time of its own, and was observed a second ago.
func exported(t *testing.T, ages ...time.Duration) []byte {
	t.Helper()
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, age := range ages {
		record := records.AppendEmpty()
		if age == 0 {
			record.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Second)))
		} else {
			record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-age)))
		}
	}
	text, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestLogRecords(t *testing.T) {
	server := httptest.NewServer(New([]string{"off", "full"}))
	defer server.Close()
	before := countsOf(t, server.URL, "full")
	if status, text := post(t, server.URL+LogsPath("full"), "", exported(t, 3*time.Second, 5*time.Second, 0, -time.Hour)); status != http.StatusOK {
		t.Fatalf("status %d: %s", status, text)
	}
	got := countsOf(t, server.URL, "full").Since(before)
	// One comes from the future and counts as new.
	if mean := got.LogAge(); got.LogRecords != 4 || mean < 9*time.Second/4 || mean > 9*time.Second/4+5*time.Second {
		t.Errorf("%d records, %v old on average, want 4 and about 2.25 s", got.LogRecords, mean)
	}
	if other := countsOf(t, server.URL, "off"); other.LogRecords != 0 || other.LogAge() != 0 {
		t.Errorf("another arm has %+v", other)
	}
	text := get(t, server.URL+MetricsPath("full"))
	if !strings.Contains(text, "\ntollgate_log_age_seconds_count 4\n") || !strings.Contains(text, "\ntollgate_log_age_seconds_sum 9.") {
		t.Errorf("metrics: %s", text)
	}
	for name, of := range map[string]struct {
		encoding string
		body     []byte
		status   int
		want     string
	}{
		"compressed": {"gzip", exported(t, time.Second), http.StatusUnsupportedMediaType, `must not be compressed, got "gzip"`},
		"no OTLP":    {"", []byte("{}"), http.StatusBadRequest, "receiver: log records: "},
	} {
		if status, text := post(t, server.URL+LogsPath("full"), of.encoding, of.body); status != of.status || !strings.Contains(text, of.want) {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if status, _ := post(t, server.URL+LogsPath("nobody"), "", exported(t, time.Second)); status != http.StatusNotFound {
		t.Errorf("an arm that is not there: %d", status)
	}
}

func TestNotifications(t *testing.T) {
	server := httptest.NewServer(New([]string{"off", "full"}))
	defer server.Close()
	for _, n := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"receiver":"heartbeat","status":"firing","groupLabels":{"arm":"full","alertname":"Watchdog"},"alerts":[{}]}`, 200, ""},
		{`{"receiver":"heartbeat","status":"firing","groupLabels":{"arm":"full","alertname":"Watchdog"},"alerts":[{}]}`, 200, ""},
		{`{"receiver":"on-call","status":"firing","groupLabels":{"arm":"off","alertname":"ServiceDown"}}`, 200, ""},
		{`{"receiver":"on-call","status":"resolved","groupLabels":{"arm":"off","alertname":"ServiceDown"}}`, 200, ""}, // not counted
		{`{"receiver":"somebody","status":"firing","groupLabels":{"arm":"off"}}`, 400, `receiver must be one of [on-call heartbeat], got "somebody"`},
		{`{"receiver":"on-call","status":"firing","groupLabels":{"arm":"none"}}`, 400, `no arm "none" in groupLabels`},
		{`{"receiver":"on-call","status":"firing"}`, 400, `no arm "" in groupLabels`},
		{`[]`, 400, "receiver: notification: "},
	} {
		if status, text := post(t, server.URL+NotifyPath, "", []byte(n.body)); status != n.status || !strings.Contains(text, n.want) {
			t.Errorf("%s: %d %s", n.body, status, text)
		}
	}
	for arm, want := range map[string]map[string]int64{"full": {Heartbeat: 2, OnCall: 0}, "off": {Heartbeat: 0, OnCall: 1}} {
		if got := countsOf(t, server.URL, arm).Notified; !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", arm, got, want)
		}
	}
	// A rule can see that nothing was heard only of a counter that is there.
	text := get(t, server.URL+MetricsPath("off"))
	for _, line := range []string{`alertmanager_notifications_total{receiver="heartbeat"} 0`, `alertmanager_notifications_total{receiver="on-call"} 1`} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s in %s", line, text)
		}
	}
}

func TestConfig(t *testing.T) {
	if _, err := ConfigFromEnv(func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "receiver needs PERSO_ARMS") {
		t.Errorf("got %v", err)
	}
	config := role.Defaults()
	config.Arms = []string{"off", "full"}
	env := config.Environ()
	if got, err := ConfigFromEnv(func(name string) string { return env[name] }); err != nil || len(got.Arms) != 2 {
		t.Errorf("got %+v: %v", got, err)
	}
}

func TestSilencing(t *testing.T) {
	for text, want := range map[string]string{
		`alertname=~".+"`: "", `severity!="page"`: "", `alertname=~(`: `matcher "alertname=~("`, `=`: `matcher "="`,
	} {
		_, err := Silencing{Matchers: []string{text}}.Parse()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := (Silencing{}).Parse(); err == nil || !strings.Contains(err.Error(), "matchers must name alerts") {
		t.Errorf("no matchers: %v", err)
	}
}
