package perso

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/injection"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// scripts are those that need no orchestrator, with the variables that make them short.
var scripts = map[string][]string{
	"examples/drive.js": nil, "examples/journey.js": nil, "examples/replay.js": nil, "examples/visit.js": nil, "examples/measure.js": nil,
	"examples/trace.js": nil, "examples/inject.js": nil, "examples/once.js": nil,
	"../scenarios/smoke.js": nil, "../scenarios/journeys.js": {"RATE=20", "DURATION=2s"},
	"../scenarios/replay.js":       {"JOURNEYS=examples/clicks.tsv", "RATE=20", "DURATION=2s"},
	"../scenarios/black-friday.js": {"RATE=3", "PEAK=5", "DURATION=3"}, "../scenarios/silent-drift.js": {"CLEAN=1", "HOLD=1"},
	"../scenarios/identity.js": {"VUS=2", "DURATION=2s"},
}

// orders are the scripts that `tollgate run` executes.
var orders = []string{"../scenarios/measure.js", "../internal/core/wrapper/script.js", "../internal/core/wrapper/script-env.js"}

// Every script that ships runs for a few seconds, meets its thresholds, and reaches the gateway.
func TestScriptsThatShip(t *testing.T) {
	var all []string
	for _, pattern := range []string{"examples/*.js", "../scenarios/*.js"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	for _, script := range all {
		env, known := scripts[filepath.ToSlash(script)]
		if slices.Contains(orders, filepath.ToSlash(script)) {
			continue
		}
		if !known {
			t.Errorf("%s is run by no test", script)
			continue
		}
		t.Run(filepath.Base(script), func(t *testing.T) {
			g := journeytest.New(t, population.New(1, 1000, 200))
			control, asked := newControl(t)
			out, err := shipped(t, script, append(env, "TARGET="+g.URL, injection.EnvControl+"="+control)...)
			if code := exitCode(err); code != 0 && !(code == 108 && strings.HasSuffix(script, "once.js")) { // 108: the script ended the test
				t.Fatalf("%v\n%s", err, out)
			}
			switch {
			case strings.HasSuffix(script, "measure.js"):
			case strings.HasSuffix(script, "inject.js"):
				want := []string{"PUT 0.5 2m0s", "GET", "GET", "DELETE", "GET", "DELETE"}
				if !slices.Equal(asked(), want) {
					t.Errorf("asked for %q, want %q", asked(), want)
				}
			case len(g.Requests()) == 0:
				t.Errorf("no request\n%s", out)
			}
			if strings.HasSuffix(script, "silent-drift.js") && !slices.Equal(asked(), []string{"PUT 0.5 31s", "GET", "DELETE", "DELETE"}) {
				t.Errorf("asked for %q", asked())
			}
			if strings.HasSuffix(script, "once.js") {
				sessions := map[string]bool{}
				for _, r := range g.Requests() {
					sessions[r.Session] = true
				}
				if len(sessions) != 4 || !strings.Contains(out, "over") { // of six, which begin every 40 s, those after a minute
					t.Errorf("%d sessions were played, want 4\n%s", len(sessions), out)
				}
			}
		})
	}
}

// program is a k6 with the extension: the one that PERSO_K6 names, else this test's binary.
func program(t *testing.T) string {
	t.Helper()
	if k6 := os.Getenv("PERSO_K6"); k6 != "" {
		return k6
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// shipped runs a script in a k6 of its own and returns what it says.
func shipped(t *testing.T, script string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), "run", "--no-usage-report", "--address", "", script)
	cmd.Env = append(os.Environ(), append(env, "PERSO_TEST_K6=1", "K6_AUTO_EXTENSION_RESOLUTION=false")...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func exitCode(err error) int {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// newControl is a fake of the control endpoint of `tollgate up --faults`: an effect is there at the second look. It returns its address,
// and what it was asked for.
func newControl(t *testing.T) (address string, asked func() []string) {
	var mu sync.Mutex
	var log []string
	present, looks := false, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if _, token, _ := r.BasicAuth(); token != "secret" && r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		line := r.Method
		s := injection.State{Fault: filepath.Base(r.URL.Path), Title: "something is broken"}
		switch r.Method {
		case http.MethodPut:
			var o injection.Order
			if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			line += " " + strings.Trim(strings.Join([]string{jsonText(o.Params["share"]), o.For.String()}, " "), " ")
			s.Until, present = time.Now().Add(o.For), true
		case http.MethodDelete:
			present = false
		default:
			looks++
			s.Present, s.Gone, s.Detail = present && looks > 1, !present, "seen"
		}
		log = append(log, line)
		_ = json.NewEncoder(w).Encode(s)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http://", "http://tollgate:secret@", 1), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(log)
	}
}

func jsonText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
