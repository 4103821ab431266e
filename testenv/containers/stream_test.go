package containers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// used is an arm of deployed whose users send fifty requests a second until the end of the test, whatever becomes of them.
func used(t *testing.T, a *arm) {
	ctx, cancel := context.WithCancel(t.Context())
	var users sync.WaitGroup
	t.Cleanup(func() { cancel(); users.Wait() })
	send := func(path, body string) {
		if resp, err := http.Post(a.Gateway()+path, "application/json", strings.NewReader(body)); err == nil {
			_ = resp.Body.Close()
		}
	}
	users.Go(func() {
		n := 0
		for tick := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			n++
			if n%5 == 0 {
				send("/v1/recommend", fmt.Sprintf(`{"session":"r%d","channel":"web","slots":4,"placement":"home"}`, n))
				continue
			}
			send("/v1/events", fmt.Sprintf(`{"type":"click","session":"s%d","channel":"web","item":"i1","variant":"a"}`, time.Now().UnixNano()))
		}
	})
}

// TestFaults: with a real broker, Collector, Prometheus and Alertmanager, each of these faults is there after its injection, and gone
// after its heal. Of what holds a fault of the pipeline (a link and a guard, a guard, an end of its own), one each heals by itself.
func TestFaults(t *testing.T) {
	l, a, _ := deployed(t)
	used(t, a)
	lost := func() {
		select {
		case err := <-l.Lost():
			t.Fatal(err)
		default:
		}
	}
	for _, text := range []string{
		"consumer-stopped", "topic-empty", "poison-message", "hot-partition: rate=2000", "broker-pause",
		"collector-drop", "log-lag: hold=2", "cardinality-explosion", "series-vanish", "alert-route-mute",
	} {
		t.Run(text, func(t *testing.T) {
			f, err := faults.Lookup(text)
			if err != nil {
				t.Fatal(err)
			}
			healed(t, a, f, func(in faults.Injection) {
				for range 2 {
					if err := in.Heal(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			})
			if slices.Contains([]string{"collector-drop", "series-vanish", "alert-route-mute"}, f.ID) { // nobody renews it
				healed(t, a, f, func(faults.Injection) {})
			}
			lost()
		})
	}
	t.Run("what the Collectors counted adds up", func(t *testing.T) {
		v, err := a.Telemetry(t.Context())
		if err != nil || v.Refused == 0 { // the queue of collector-drop, several Collectors ago
			t.Errorf("telemetry %+v: %v", v, err)
		}
	})
	t.Run("series are limited", func(t *testing.T) { testLimitedSeries(t, a) })
}

// silent opens connections to the arm's Collector over which nothing is sent, as clients do that dial one more than they need. A server
// in Go that is to end waits five seconds for a first request on such a connection.
func silent(t *testing.T, a *arm) {
	t.Helper()
	for _, port := range []string{role.OTLPPort, healthPort, selfPort} {
		c, err := net.Dial("tcp", a.collector.Address(port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	}
}

// healed injects a fault, and waits until its effect is there. After the heal it waits until the effect is gone.
func healed(t *testing.T, a *arm, f faults.Fault, heal func(faults.Injection)) {
	t.Helper()
	if slices.Contains(f.Levers, lever.ChangeCollector) {
		silent(t, a)
	}
	site := f.At(a, nil, "")
	in, err := f.Inject(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	sees := func(want func(faults.Effect) bool) func() error {
		return func() error {
			if err := in.Renew(t.Context()); err != nil {
				return err
			}
			effect, err := f.Probe(t.Context(), site)
			if err == nil && !want(effect) {
				err = fmt.Errorf("not seen: %s", effect.Detail)
			}
			return err
		}
	}
	began := time.Now()
	eventually.Nil(t, sees(func(e faults.Effect) bool { return e.Present }))
	seen := time.Since(began)
	heal(in)
	in.Renew = func(context.Context) error { return nil }
	began = time.Now()
	eventually.Nil(t, sees(func(e faults.Effect) bool { return e.Gone }))
	t.Logf("%s: seen after %v, gone after %v", f.ID, seen.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
}

// testLimitedSeries: no more series are made than are allowed, although the lever stays in force.
func testLimitedSeries(t *testing.T, a *arm) {
	var before lever.Series
	ask := func(s *lever.Series) error {
		return a.Ask(t.Context(), role.Telemetry, lever.AskSeries, map[string]string{"match": `{session_id!=""}`}, s)
	}
	if err := ask(&before); err != nil || before.Ever == 0 {
		t.Fatalf("%+v: %v", before, err)
	}
	params := map[string]any{"count_by": "session.id", "most_series": before.Ever}
	for range 3 {
		if err := a.Pull(t.Context(), role.Telemetry, lever.ChangeCollector, params, time.Minute); err != nil {
			t.Fatal(err)
		}
		var now lever.Series
		if err := ask(&now); err != nil || now.Ever != before.Ever || now.Fresh != 0 {
			t.Errorf("%+v, %+v before: %v", now, before, err)
		}
	}
	if err := a.Release(t.Context(), role.Telemetry, lever.ChangeCollector); err != nil {
		t.Error(err)
	}
	for _, wrong := range []map[string]any{{"queue": -1}, {"latency": "1h"}, {"drop": "x"}} {
		if err := a.Pull(t.Context(), role.Telemetry, lever.ChangeCollector, wrong, time.Minute); err == nil {
			t.Errorf("%v: no error", wrong)
		}
	}
	for _, wrong := range []map[string]any{{"matchers": []string{}}, {"matchers": []string{"alertname=~("}}, {"matcher": []string{"a=\"b\""}}} {
		if err := a.Pull(t.Context(), role.Telemetry, lever.SilenceAlerts, wrong, time.Minute); err == nil {
			t.Errorf("%v: no error", wrong)
		}
	}
}

// TestSharedBrokerGoesOnWithTheLastHolder: the release of one arm leaves the pause to the others.
func TestSharedBrokerGoesOnWithTheLastHolder(t *testing.T) {
	var h holders
	freed, held := 0, 0
	free := func() error { freed++; return nil }
	hold := func() error { held++; return nil }
	h.add("a")
	h.add("b")
	h.add("a")
	for _, step := range []struct {
		arm         string
		freed, held int
	}{{"a", 0, 0}, {"a", 0, 0}, {"b", 1, 0}, {"b", 1, 0}} {
		if err := h.drop(step.arm, free); err != nil || freed != step.freed {
			t.Errorf("after the release of %s: freed %d times, %v", step.arm, freed, err)
		}
		if err := h.keep(step.arm, hold); err != nil || held != step.held {
			t.Errorf("%s holds what it has released", step.arm)
		}
	}
	h.add("a")
	broken := fmt.Errorf("no answer")
	if err := h.drop("a", func() error { return broken }); err == nil {
		t.Error("no error")
	}
	if err := h.drop("a", free); err != nil || freed != 2 {
		t.Errorf("a second try: freed %d times, %v", freed, err)
	}
}

// TestBackingHasItsLeversOnly: what a container engine can do is for the arm's own services.
func TestBackingHasItsLeversOnly(t *testing.T) {
	a := &arm{}
	for name, ok := range map[string]bool{lever.PauseBroker: true, lever.PoisonRecord: true, lever.AskGroup: true, lever.Pause: false, lever.Deliver: false} {
		if err := a.Reach("backing", name); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
