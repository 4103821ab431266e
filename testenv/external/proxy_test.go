package external

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/guard"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// behindProxy is an arm that knows redis by a proxy alone, and may touch it.
func behindProxy(t *testing.T, api string) *arm {
	t.Helper()
	l := &launch{Environment: &Environment{System: testenv.System{
		Proxies: map[string]testenv.SystemProxy{"redis": {URL: api, Name: "store"}}, Targets: map[string]string{"service-pause": "redis"},
	}}}
	var err error
	if l.proxies, err = guard.Start(os.Args[0], role.ProxyGuard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.proxies.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &arm{launch: l}
}

// A byte that is not to come back is waited for only a moment, one that is to come back for as long as a busy machine may need.
const (
	moment   = 500 * time.Millisecond
	patience = 40 * time.Second
)

// echoes sends a byte and reports whether it comes back within a time.
func echoes(conn net.Conn, within time.Duration) bool {
	b := []byte("x")
	_ = conn.SetDeadline(time.Now().Add(within))
	if _, err := conn.Write(b); err != nil {
		return false
	}
	_, err := conn.Read(b)
	return err == nil
}

// TestProxyBreaksConnections: what is pulled at a proxy is seen by those who use it, and its end as well.
func TestProxyBreaksConnections(t *testing.T) {
	api, at := toxiproxyServer(t)
	a := behindProxy(t, api)
	works := func(within time.Duration) bool {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return echoes(conn, within)
	}
	for _, name := range []string{lever.Reset, lever.Cut, lever.Pause} { // the last one is what a fault pulls that stops a service
		old, err := net.Dial("tcp", at)
		if err != nil || !echoes(old, patience) {
			t.Fatalf("%s: the proxy does not work: %v", name, err)
		}
		for range 2 { // the second renews
			if err := a.Pull(t.Context(), "redis", name, struct{}{}, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if echoes(old, moment) || works(moment) {
			t.Errorf("%s: connections go on as before", name)
		}
		_ = old.Close()
		if answers, err := a.Answers(t.Context(), "redis"); err != nil || answers != (name == lever.Reset) {
			t.Errorf("%s: it answers: %t, %v", name, answers, err)
		}
		for range 2 { // the second has nothing to do
			if err := a.Release(t.Context(), "redis", name); err != nil {
				t.Fatal(err)
			}
		}
		if answers, err := a.Answers(t.Context(), "redis"); !works(patience) || !answers || err != nil {
			t.Errorf("%s: not healed (%t, %v)", name, answers, err)
		}
	}
}

func TestProxyIsAskedForTheShare(t *testing.T) {
	api, _ := toxiproxyServer(t)
	a := behindProxy(t, api)
	share := func() float64 {
		var now struct{ Share float64 }
		if err := a.Ask(t.Context(), "redis", lever.Reset, struct{}{}, &now); err != nil {
			t.Fatal(err)
		}
		return now.Share
	}
	if got := share(); got != 0 {
		t.Errorf("it resets %g of the connections, and nothing was pulled", got)
	}
	if err := a.Pull(t.Context(), "redis", lever.Reset, map[string]float64{"share": 0.25}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := share(); got != 0.25 {
		t.Errorf("it resets %g of the connections, want 0.25", got)
	}
	for _, c := range []struct {
		lever, want string
		params      map[string]float64
	}{
		{lever.Reset, "share must be in (0, 1], got 1.5", map[string]float64{"share": 1.5}},
		{lever.Reset, "toxicity", map[string]float64{"toxicity": 1}},
		{lever.Latency, "latency must be from 1 to 60000 ms", map[string]float64{"latency": 0}},
		{lever.Latency, "jitter from 0 to latency", map[string]float64{"latency": 5, "jitter": 6}},
	} {
		if err := a.Pull(t.Context(), "redis", c.lever, c.params, time.Minute); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: %v, want %q", c.lever, c.params, err, c.want)
		}
	}
	if got := share(); got != 0.25 {
		t.Errorf("what was refused changed the share to %g", got)
	}
}

// TestProxyIsNoContainer: what takes a container is refused on every path.
func TestProxyIsNoContainer(t *testing.T) {
	api, _ := toxiproxyServer(t)
	a := behindProxy(t, api)
	for _, name := range []string{lever.LimitCPU, lever.Restart, lever.Kill, lever.Uptime} {
		if err := a.Pull(t.Context(), "redis", name, struct{}{}, time.Minute); err == nil {
			t.Errorf("%s was pulled at a proxy", name)
		}
	}
	if err := a.Pull(t.Context(), "kafka", lever.Pause, struct{}{}, time.Minute); err == nil || !strings.Contains(err.Error(), "external.targets does not name it") {
		t.Errorf("what nobody named was touched: %v", err)
	}
}
