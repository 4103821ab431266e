package external

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/flame/flametest"
	"github.com/tollgate-dev/tollgate/internal/guard"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

func TestExternalCheckOfURLs(t *testing.T) {
	well := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/profile" && r.URL.RawQuery == "seconds=1":
			_, _ = w.Write(flametest.Profile(flametest.Stack{Calls: "main.main", Samples: 1}))
		case r.URL.Path != "/up":
			http.NotFound(w, r)
		}
	}))
	defer well.Close()
	profiled := func(url string) testenv.System {
		return testenv.System{URLs: map[string]string{"off": well.URL}, Health: "up", Pprof: map[string]map[string]string{"off": {"shop": url}}}
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, c := range []struct {
		name   string
		system testenv.System
		wrong  []string
	}{
		{"all is well", testenv.System{URLs: map[string]string{"off": well.URL, "full": well.URL + "/"}, Health: "up"}, nil},
		{"another path", testenv.System{URLs: map[string]string{"off": well.URL}}, []string{"external.urls: off", "404", "external.health"}},
		{"nobody there", testenv.System{URLs: map[string]string{"off": gone.URL, "full": well.URL}, Health: "/up"}, []string{"external.urls: off", "refused"}},
		{"no Prometheus", testenv.System{URLs: map[string]string{"off": well.URL}, Health: "/up", Prometheus: map[string]testenv.SystemPrometheus{"off": {URL: gone.URL}}},
			[]string{"external.prometheus: off"}},
		{"CPU profiles", profiled(well.URL + "/profile"), nil},
		{"no CPU profiles", profiled(well.URL + "/debug"), []string{"external.pprof: off: shop", "404"}},
		{"a page in place of CPU profiles", profiled(well.URL + "/up"), []string{"external.pprof: off: shop", "no CPU profile"}},
		{"nobody there for CPU profiles", profiled("http://me:secret@" + gone.Listener.Addr().String()), []string{"external.pprof: off: shop", "refused"}},
		{"no Toxiproxy", testenv.System{URLs: map[string]string{"off": well.URL}, Health: "/up", Proxies: map[string]testenv.SystemProxy{"redis": {URL: gone.URL, Name: "x"}}},
			[]string{"external.proxies: redis"}},
	} {
		err := (&Environment{System: c.system}).Check(t.Context(), 4)
		if (err != nil) != (c.wrong != nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, piece := range c.wrong {
			if err != nil && !strings.Contains(err.Error(), piece) {
				t.Errorf("%s: %v, want %q in it", c.name, err, piece)
			}
		}
	}
}

// TestExternalByURL deploys the arms of a run over two deployments that exist already.
func TestExternalByURL(t *testing.T) {
	binary := enginetest.Program(t)
	var asked [2]atomic.Int64
	urls := map[string]string{}
	for i, level := range []string{"off", "full"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/buy" {
				asked[i].Add(1)
			}
			fmt.Fprint(w, level)
		}))
		defer server.Close()
		urls[level] = server.URL
	}
	const delay = 2 * time.Millisecond
	e := &Environment{Binary: binary, System: testenv.System{URLs: urls}}
	if err := e.Check(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	launch, err := e.Launch(t.Context(), testenv.Spec{Scrape: time.Second, EvalInterval: time.Second, Arms: []testenv.ArmSpec{
		{Arm: result.Arm{Name: "off", Level: "off"}}, {Arm: result.Arm{Name: "again", Level: "off"}},
		{Arm: result.Arm{Name: "known-delay", Level: "off", Delay: delay}}, {Arm: result.Arm{Name: "full", Level: "full"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			_ = launch.Close(context.WithoutCancel(t.Context()))
		}
	}()
	arms := launch.Arms()
	for i, want := range []struct {
		name, answer string
		spun         bool
	}{{"off", "off", false}, {"again", "off", false}, {"known-delay", "off", true}, {"full", "full", false}} {
		arm := arms[i]
		resp, err := http.Get(arm.Gateway() + "/buy")
		if err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 10)
		n, _ := resp.Body.Read(answer)
		_ = resp.Body.Close()
		ns, _ := strconv.ParseInt(resp.Header.Get(slot.SpunHeader), 10, 64)
		if arm.Name() != want.name || string(answer[:n]) != want.answer || (time.Duration(ns) >= delay) != want.spun {
			t.Errorf("arm %s answers %q after spinning %v, want %+v", arm.Name(), answer[:n], time.Duration(ns), want)
		}
		usage, err := arm.Usage()
		if err != nil || len(usage.CPU) > 0 || len(usage.RSS) > 0 {
			t.Errorf("arm %s used %+v, and no container of it is known: %v", arm.Name(), usage, err)
		}
		if err := arm.Park(); err != nil {
			t.Error(err)
		}
		if up, err := arm.Answers(t.Context(), FrontService); err != nil || !up {
			t.Errorf("arm %s does not answer, though what was there before is not parked: %v", arm.Name(), err)
		}
		if err := arm.Unpark(); err != nil {
			t.Error(err)
		}
		if err := arm.Pull(t.Context(), FrontService, lever.Pause, struct{}{}, time.Second); err == nil {
			t.Errorf("arm %s: what nobody named as a target was touched", arm.Name())
		}
	}
	if asked[0].Load() != 3 || asked[1].Load() != 1 {
		t.Errorf("the deployments were asked %d and %d times, want 3 and 1", asked[0].Load(), asked[1].Load())
	}
	if up := launch.StartUp(); up.Total <= 0 || up.Slowest == "" || len(up.Parts) > 0 {
		t.Errorf("start-up %+v", up)
	}
	at := arms[0].Gateway()
	closed = true
	if err := launch.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if resp, err := http.Get(at); err == nil {
		_ = resp.Body.Close()
		t.Error("a delay proxy is left open")
	}
}

// toxiproxyServer runs Toxiproxy in this process, with one proxy in front of an echo server.
func toxiproxyServer(t *testing.T) (api, proxied string) {
	t.Helper()
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = echo.Close() })
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				b := make([]byte, 1)
				for {
					if _, err := conn.Read(b); err != nil {
						return
					}
					if _, err := conn.Write(b); err != nil {
						return
					}
				}
			}()
		}
	}()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(free.Addr().String())
	_ = free.Close()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	go server.Listen(host, port) // ends only with this process
	api = "http://" + net.JoinHostPort(host, port)
	body, _ := json.Marshal(map[string]any{"name": "store", "listen": "127.0.0.1:0", "upstream": echo.Addr().String(), "enabled": true})
	for limit := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		resp, err := http.Post(api+"/proxies", "application/json", strings.NewReader(string(body)))
		if err == nil {
			defer resp.Body.Close()
			var made struct{ Listen string }
			if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.Listen == "" {
				t.Fatalf("no proxy was made: %s, %v", resp.Status, err)
			}
			return api, made.Listen
		}
		if time.Now().After(limit) {
			t.Fatal(err)
		}
	}
}

// round measures how long one byte takes there and back.
func round(t *testing.T, address string) time.Duration {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begin, b := time.Now(), []byte("x")
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(b); err != nil {
		t.Fatal(err)
	}
	return time.Since(begin)
}

func TestProxies(t *testing.T) {
	api, at := toxiproxyServer(t)
	l := &launch{Environment: &Environment{System: testenv.System{Proxies: map[string]testenv.SystemProxy{"redis": {URL: api + "/", Name: "store"}, "gone": {URL: api, Name: "x"}}}}}
	if err := l.checkProxies(t.Context()); err == nil || !strings.Contains(err.Error(), "gone") || strings.Contains(err.Error(), "redis") {
		t.Errorf("the proxy that is not there, and only that, must be found wanting: %v", err)
	}
	var err error
	if l.proxies, err = guard.Start(os.Args[0], role.ProxyGuard); err != nil {
		t.Fatal(err)
	}
	one, two := &arm{launch: l}, &arm{launch: l}
	const held = 150 * time.Millisecond
	params := map[string]int{"latency": int(held.Milliseconds())}
	for _, arm := range []*arm{one, two, one} { // all arms have the same proxy; the last call renews the lease
		if err := arm.Pull(t.Context(), "redis", lever.Latency, params, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if took := round(t, at); took < held {
		t.Errorf("a byte takes %v, want at least %v", took, held)
	}
	asked := func(want float64) {
		t.Helper()
		var state map[string]float64
		if err := two.Ask(t.Context(), "redis", lever.Latency, nil, &state); err != nil || state["latency_ms"] != want {
			t.Errorf("the proxy says %v, want %v ms: %v", state, want, err)
		}
	}
	asked(float64(held.Milliseconds()))
	for _, arm := range []*arm{one, two} {
		if err := arm.Release(t.Context(), "redis", lever.Latency); err != nil {
			t.Fatal(err)
		}
	}
	if took := round(t, at); took >= held {
		t.Errorf("a byte takes %v after the release", took)
	}
	asked(0)
	// A lever that is not renewed is healed.
	if err := one.Pull(t.Context(), "redis", lever.Latency, params, 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(10 * time.Second); round(t, at) >= held; {
		if time.Now().After(limit) {
			t.Fatal("the lease has ended, and the proxy is slow for ever")
		}
	}
	if err := one.Pull(t.Context(), "redis", lever.Latency, "slowly", time.Minute); err == nil {
		t.Error("wrong parameters are taken")
	}
	if err := one.Pull(t.Context(), "redis", lever.Latency, params, time.Minute); err != nil {
		t.Error(err)
	}
	if err := l.proxies.Stop(); err != nil {
		t.Error(err)
	}
	asked(0)
	// The next run ends what killed ones have left, if the guard was killed too.
	if err := l.proxy("redis").put(t.Context(), toxics()[0], []byte(`{"latency":150}`)); err != nil {
		t.Fatal(err)
	}
	said := ""
	l.Say = func(s string) { said = s }
	delete(l.Proxies, "gone")
	if err := l.checkProxies(t.Context()); err != nil || said != "ended what a killed run had left in the proxy of redis: tollgate-latency" {
		t.Errorf("said %q: %v", said, err)
	}
	asked(0)
}
