package stack

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// linked starts links to a service and to the store of an arm; the services do not use them.
func linked(t *testing.T, d *deployed) (role.Client, string) {
	t.Helper()
	addr := launched(t, roleNamed(t, role.Links), Config{Config: role.Config{
		Arm: "arm", Listen: role.DefaultListen, Token: testToken, BackingToken: testBackingToken, Seed: testSeed, Links: []role.Link{
			{Service: role.Profile, Listen: role.DefaultListen, Target: d.urls["profile"]},
			{Service: role.Store, Listen: role.DefaultListen, Target: "tcp://" + d.addr[role.StoreAddr("arm")]},
		},
	}})()
	if addr[role.LinkAddr(role.Profile)] == "" || addr[role.LinkAddr(role.Store)] == "" {
		t.Fatalf("the ready line has %v", addr)
	}
	d.urls["link"] = "http://" + addr[role.LinkAddr(role.Profile)]
	client := role.NewClient(testToken)
	t.Cleanup(client.Close)
	return client, "http://" + addr[role.AddrHTTP]
}

// TestLinksHealByThemselves: the levers of every link are there, act, and end with their lease; one link's is not the other's.
func TestLinksHealByThemselves(t *testing.T) {
	d := deploy(t, nil)
	client, base := linked(t, d)
	ask := func(service string) (added float64) {
		var trip struct {
			Added float64 `json:"added_ms"`
		}
		if err := client.Ask(t.Context(), base, lever.At(service, lever.RoundTrip), struct{}{}, &trip); err != nil {
			t.Fatal(err)
		}
		return trip.Added
	}
	pull := func(use, params string, lease time.Duration) error {
		return client.Pull(t.Context(), base, use, json.RawMessage(params), lease)
	}
	if err := pull(lever.At(role.Store, lever.Latency), `{"latency":100}`, 2*time.Second); err != nil {
		t.Fatal(err)
	}
	if added := ask(role.Store); added < 90 {
		t.Errorf("the store's link adds %g ms, want 100", added)
	}
	if added := ask(role.Profile); added > 50 {
		t.Errorf("the profile's link adds %g ms", added)
	}
	eventually.True(t, "the end of the lease", func() bool { return ask(role.Store) < 50 })

	for _, c := range []struct{ use, params, want string }{
		{lever.At(role.Store, lever.SetHeader), `{}`, "no lever or question"}, // it does not speak HTTP
		{lever.At(role.Profile, lever.FailRequests), `{"status":20}`, "from 400 to 599"},
		{lever.At(role.Model, lever.Latency), `{}`, "no lever or question"},
	} {
		if err := pull(c.use, c.params, time.Second); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %s", c.use, c.params, err, c.want)
		}
	}
	if err := pull(lever.At(role.Profile, lever.FailRequests), `{"path":"/healthz","status":503}`, time.Minute); err != nil {
		t.Fatal(err)
	}
	if status, _ := d.call(http.MethodGet, "link", role.HealthPath, nil, nil); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	if err := client.Release(t.Context(), base, lever.At(role.Profile, lever.FailRequests), "arm"); err != nil {
		t.Fatal(err)
	}
	if status, _ := d.call(http.MethodGet, "link", role.HealthPath, nil, nil); status != http.StatusOK {
		t.Errorf("healed: status %d", status)
	}
}

// TestAFailedPageSaysWhereItWas: the span of a request that failed has its channel and placement.
func TestAFailedPageSaysWhereItWas(t *testing.T) {
	o := observe(t, func(name string, cfg *Config) {
		if name == role.Gateway {
			decision, err := url.Parse(cfg.DecisionURL)
			if err != nil {
				t.Fatal(err)
			}
			failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v1/decide" {
					fail(w, http.StatusServiceUnavailable, errors.New("no route"))
					return
				}
				httputil.NewSingleHostReverseProxy(decision).ServeHTTP(w, r)
			}))
			t.Cleanup(failing.Close)
			cfg.DecisionURL = failing.URL
		}
	})
	req := recommendRequest{Session: "s", Channel: "store", Placement: "home", Slots: 3}
	if status, _ := o.call(http.MethodPost, "gateway", "/v1/recommend", req, nil); status != http.StatusBadGateway {
		t.Errorf("status %d", status)
	}
	span := o.waitSpan("gateway", "POST /v1/recommend")
	for key, want := range map[string]string{"perso.channel": "store", "perso.placement": "home", "error.type": "502"} {
		if got := attr(span.Attributes, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}
