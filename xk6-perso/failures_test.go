package perso

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"go.k6.io/k6/v2/metrics"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// failing are targets at which every request fails, each in a way of its own, with the tags that k6/http gives such a request.
func failing(t *testing.T) map[string]struct {
	url, options        string
	status, code, error string
} {
	serve := func(h http.HandlerFunc) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client is gone
			h(w, r)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	foreign := httptest.NewUnstartedServer(http.NotFoundHandler())
	foreign.Config.ErrorLog = log.New(io.Discard, "", 0)
	foreign.StartTLS()
	t.Cleanup(foreign.Close)
	return map[string]struct {
		url, options        string
		status, code, error string
	}{
		"down":       {gone.URL, "", "0", "1212", "dial: connection refused"},
		"no host":    {"http://nowhere.invalid", "", "0", "110", "lookup"}, // 1100 or 1101, as the machine's resolver has it
		"unknown CA": {foreign.URL, "", "0", "1310", "x509: unknown authority"},
		"no TLS":     {"https" + strings.TrimPrefix(serve(http.NotFound), "http"), "", "0", "1000", "http: server gave HTTP response to HTTPS client"},
		"slow": {serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), ", timeout: '50ms'",
			"0", "1050", "request timeout"},
		"slow body": {serve(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "half")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}), ", timeout: '50ms'", "0", "1050", "request timeout"},
		"hangs up": {serve(func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0) // RST
				_ = conn.Close()
			}
		}), "", "0", "1220", "read: connection reset by peer"},
		"not found": {serve(http.NotFound), "", "404", "1404", ""},
		"broken":    {serve(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) }), "", "503", "1503", ""},
		"redirects": {serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }), "", "302", "1000", "a redirect, which is not followed"},
	}
}

// A request that fails says why, in the tags of its samples and in one warning of its kind, whichever function made it.
func TestFailedRequestsSayWhy(t *testing.T) {
	for name, tt := range failing(t) {
		for call, code := range map[string]string{
			"journey": `perso.journey({source: crowd, target: '%s', thinkScale: 0%s})`,
			"drive":   `perso.drive({source: crowd, targets: [{arm: 'a', url: '%s'}], rate: 200, duration: '200ms'%s})`,
		} {
			t.Run(name+", "+call, func(t *testing.T) {
				s := newScript(t, t.TempDir(), nil)
				s.js(t, `const crowd = perso.population({users: 20, items: 20})`)
				s.start()
				s.js(t, fmt.Sprintf(code, tt.url, tt.options))
				failed := 0
				for _, c := range metrics.GetBufferedSamples(s.samples) {
					for _, sample := range c.GetSamples() {
						tags := sample.Tags.Map()
						switch sample.Metric.Name {
						case "perso_req_failed":
							failed++
							fallthrough
						case "perso_req_duration", "perso_req_lag":
							if tags["status"] != tt.status || !strings.HasPrefix(tags["error_code"], tt.code) || !strings.HasPrefix(tags["error"], tt.error) ||
								(tags["error"] == "") != (tt.error == "") {
								t.Fatalf("%s has tags %v, want %+v", sample.Metric.Name, tags, tt)
							}
						default:
							if tags["status"] != "" || tags["error_code"] != "" {
								t.Fatalf("%s, which is not of a request, has tags %v", sample.Metric.Name, tags)
							}
						}
					}
				}
				warned := slices.DeleteFunc(s.logged.AllEntries(), func(e *logrus.Entry) bool {
					return strings.HasPrefix(e.Message, "perso: drive: the rate will not be made") // it is as short as the test
				})
				if failed < 2 || len(warned) != 1 || warned[0].Level != logrus.WarnLevel || warned[0].Message != "Request Failed" {
					t.Fatalf("%d failed; warnings %v, want one", failed, warned)
				}
				if text := fmt.Sprint(warned[0].Data["error"], warned[0].Data["error_code"]); !strings.Contains(text, tt.code) || len(text) < 10 {
					t.Errorf("the warning says %s", text)
				}
			})
		}
	}
}

// A request that succeeds has its status, and no error; the option systemTags leaves out what it does not name.
func TestTagsOfRequests(t *testing.T) {
	s := newScript(t, t.TempDir(), nil)
	s.js(t, `const crowd = perso.population({users: 20, items: 20})`)
	s.start()
	s.VU.StateField.Options.SystemTags = metrics.NewSystemTagSet(metrics.TagErrorCode)
	gone := httptest.NewServer(nil)
	gone.Close()
	s.js(t, `perso.journey({source: crowd, target: '`+gone.URL+`', thinkScale: 0})`)
	_, tags := s.values("perso_req_failed")
	if tags["error_code"] != "1212" || tags["error"] != "" || tags["status"] != "" {
		t.Errorf("tags %v, want error_code alone", tags)
	}
}

// Ten thousand failures are two lines of each kind: the first, and how many there were once the load has ended.
func TestFailuresAreSummedUp(t *testing.T) {
	var f failures
	logger, hook := test.NewNullLogger()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for n := range 10_000 {
		f.add(ctx, logger, failure{1212, "dial: connection refused"}, errors.New("refused"))
		if n < 3 {
			f.add(ctx, logger, failure{1404, ""}, errors.New("not found"))
		}
	}
	f.add(ctx, logger, failure{1050, "request timeout"}, errors.New("slow"))
	if n := len(hook.AllEntries()); n != 3 {
		t.Fatalf("%d lines while load is on, want the first of each kind", n)
	}
	cancel()
	eventually.True(t, "the sums are logged", func() bool { return len(hook.AllEntries()) >= 5 })
	var text []string
	for _, e := range hook.AllEntries()[3:] {
		text = append(text, fmt.Sprint(e.Message, " ", e.Data["error_code"]))
	}
	want := "10000 Requests Failed, the first of which is above 1212; 3 Requests Failed, the first of which is above 1404"
	if got := strings.Join(text, "; "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The samples of a request that succeeds cost no memory of their own, apart from their place in the buffer.
func TestSamplesCostNoAllocation(t *testing.T) {
	e := &emitter{
		persoMetrics: new(persoMetrics), system: &metrics.DefaultSystemTagSet, base: metrics.NewRegistry().RootTagSet(),
		tags: map[labels]*metrics.TagSet{}, buf: make(metrics.Samples, 0, 1000),
	}
	step, reply := &journey.Step{Kind: journey.Impression, Channel: "web"}, journey.Reply{Status: 200}
	if n := testing.AllocsPerRun(100, func() { e.request("off", step, reply) }); n != 0 {
		t.Errorf("%g allocations for each request", n)
	}
}
