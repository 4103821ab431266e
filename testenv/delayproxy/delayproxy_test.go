package delayproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// open puts a delay proxy in front of a handler.
func open(t testing.TB, behind http.HandlerFunc, delay time.Duration) (proxy, target *httptest.Server) {
	t.Helper()
	target = httptest.NewServer(behind)
	t.Cleanup(target.Close)
	u, err := url.Parse(target.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy = httptest.NewServer(New(u, delay))
	t.Cleanup(proxy.Close)
	return proxy, target
}

func TestChangesNothing(t *testing.T) {
	var got *http.Request
	var body []byte
	var target *httptest.Server
	proxy, target := open(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("X-Answer", "yes")
		w.Header().Set("Location", "http://"+r.Host+"/next?a=b")
		w.WriteHeader(http.StatusSeeOther)
		fmt.Fprint(w, "see there")
	}, 0)
	req, err := http.NewRequest(http.MethodPatch, proxy.URL+"/a/b?c=%20d", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "10.1.2.3")
	req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	resp, err := (&http.Transport{DisableCompression: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("X-Answer") != "yes" || string(answer) != "see there" {
		t.Errorf("answer %s %v %q", resp.Status, resp.Header, answer)
	}
	if resp.Header.Get("Location") != "/next?a=b" {
		t.Errorf("a redirect leads past the proxy: %s", resp.Header.Get("Location"))
	}
	if _, ok := resp.Header[slot.SpunHeader]; ok {
		t.Error("a proxy without a delay says that it spun")
	}
	want := map[string]string{"X-Forwarded-For": "10.1.2.3", "Traceparent": req.Header.Get("Traceparent"), "Accept-Encoding": ""}
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s arrived as %q, want %q", name, got.Header.Get(name), value)
		}
	}
	if got.Method != http.MethodPatch || got.URL.String() != "/a/b?c=%20d" || string(body) != "hello" || "http://"+got.Host != target.URL {
		t.Errorf("%s %s on %s with %q arrived", got.Method, got.URL, got.Host, body)
	}
}

func TestSpins(t *testing.T) {
	const delay = 3 * time.Millisecond
	proxy, _ := open(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }, delay)
	begin := time.Now()
	resp, err := http.Get(proxy.URL)
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	ns, err := strconv.ParseInt(resp.Header.Get(slot.SpunHeader), 10, 64)
	if spun := time.Duration(ns); err != nil || spun < delay || spun > took {
		t.Errorf("spun %v of %v that the request took, want at least %v: %v", spun, took, delay, err)
	}
}

func TestBeforeNothing(t *testing.T) {
	proxy, target := open(t, nil, 0)
	target.Close()
	resp, err := http.Get(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadGateway {
		t.Errorf("answer %s", resp.Status)
	}
}

func TestConfigFromEnv(t *testing.T) {
	for _, c := range []struct{ target, spin, wrong string }{
		{"http://127.0.0.1:1", "", ""},
		{"https://shop.example.com/base", "300us", ""},
		{"", "", "PERSO_TARGET_URL"},
		{"shop:8080", "", "PERSO_TARGET_URL"},
		{"http://127.0.0.1:1", "2s", "PERSO_SPIN"},
		{"http://127.0.0.1:1", "-1ms", "PERSO_SPIN"},
		{"http://127.0.0.1:1", "soon", "PERSO_SPIN"},
	} {
		env := map[string]string{"PERSO_TARGET_URL": c.target, "PERSO_SPIN": c.spin}
		_, err := ConfigFromEnv(func(name string) string { return env[name] })
		if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%q %q: %v, want a complaint about %q", c.target, c.spin, err, c.wrong)
		}
	}
}

// ready receives the ready line.
type ready chan string

func (r ready) Write(line []byte) (int, error) {
	var at struct{ Addr map[string]string }
	if err := json.Unmarshal(bytes.TrimSpace(line), &at); err != nil {
		return 0, err
	}
	r <- at.Addr[role.AddrHTTP]
	return len(line), nil
}

func TestRun(t *testing.T) {
	_, target := open(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }, 0)
	ctx, cancel := context.WithCancel(t.Context())
	up, ended := make(ready, 1), make(chan error, 1)
	go func() { ended <- Run(ctx, role.Config{Listen: role.DefaultListen, Target: target.URL}, up) }()
	select {
	case addr := <-up:
		resp, err := http.Get("http://" + addr)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%v, %v", resp, err)
		}
	case err := <-ended:
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// BenchmarkRequest measures one request without the proxy and one through it: the difference is the cost of the proxy.
func BenchmarkRequest(b *testing.B) {
	proxy, target := open(b, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"items":["i1","i2","i3"]}`) }, 0)
	for name, at := range map[string]string{"straight": target.URL, "proxy": proxy.URL} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				resp, err := http.Get(at)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
