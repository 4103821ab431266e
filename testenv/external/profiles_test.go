package external

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/flame/flametest"
	"github.com/tollgate-dev/tollgate/testenv"
)

// TestCPUProfileOfADeployment: a level's service is asked at the level's URL, for the length in seconds.
func TestCPUProfileOfADeployment(t *testing.T) {
	want := flametest.Profile(flametest.Stack{Calls: "main.main", Samples: 2})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() == "/full/profile?seconds=5" {
			_, _ = w.Write(want)
			return
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	e := &Environment{System: testenv.System{URLs: map[string]string{"full": server.URL}, Pprof: map[string]map[string]string{
		"off": {"shop": server.URL + "/off/profile"}, "full": {"shop": server.URL + "/full/profile"}}}}
	a := &arm{launch: &launch{Environment: e}, spec: testenv.ArmSpec{Arm: result.Arm{Name: "full", Level: "full"}}}
	if got := a.Profiled(); !slices.Equal(got, []string{"shop"}) {
		t.Errorf("profiled: %v", got)
	}
	if got, err := a.CPUProfile(t.Context(), "shop", 5*time.Second); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d bytes: %v", len(got), err)
	}
	a.spec.Level = "off"
	if _, err := a.CPUProfile(t.Context(), "shop", 5*time.Second); err == nil {
		t.Error("a page that is not there is a profile")
	}
}

// TestCPUProfilePorts: the containers of a Compose file are reached at the ports of the load and of CPU profiles, each once.
func TestCPUProfilePorts(t *testing.T) {
	e := &Environment{System: testenv.System{Compose: testenv.SystemCompose{
		File: testenv.Files{"c.yaml"}, Service: "shop", Port: 8080, Instrumented: []string{"shop"}, Pprof: map[string]int{"shop": 6060, "cart": 6061},
	}}}
	for service, want := range map[string][]int{"shop": {8080, 6060}, "cart": {6061}, "db": nil} {
		if got := e.reached(service); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", service, got, want)
		}
	}
	if got := e.joining(); !slices.Equal(got, []string{"cart", "shop"}) {
		t.Errorf("joining: %v", got)
	}
	e.Compose.Pprof["shop"] = 8080 // on the port of the load
	if got := e.reached("shop"); !slices.Equal(got, []int{8080}) {
		t.Errorf("shop: %v", got)
	}
	a := &arm{launch: &launch{Environment: e}}
	if _, err := a.CPUProfile(t.Context(), "cart", time.Second); err == nil || err.Error() != "service cart has 0 containers that run: a CPU profile is of one" {
		t.Errorf("error %v", err)
	}
}
