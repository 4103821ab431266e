package perso

import (
	"bytes"
	"context"
	"fmt"
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

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	k6 "go.k6.io/k6/v2/cmd"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/core/wrapper"
)

// TestMain lets the test binary be a k6 with the extension: `PERSO_TEST_K6=1 BINARY run SCRIPT`.
func TestMain(m *testing.M) {
	if os.Getenv("PERSO_TEST_K6") != "" {
		k6.Execute()
		return
	}
	os.Exit(m.Run())
}

// service is what takes the requests of an arm, and knows nothing of tollgate.
type service struct {
	*httptest.Server
	delay time.Duration

	mu   sync.Mutex
	seen map[string]int // by path
	auth map[string]int // by header Authorization
}

func newService(t *testing.T, delay time.Duration) *service {
	s := &service{delay: delay, seen: map[string]int{}, auth: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen[r.URL.Path]++
		s.auth[r.Header.Get("Authorization")]++
		s.mu.Unlock()
		time.Sleep(s.delay)
		switch r.URL.Path {
		case "/missing":
			http.NotFound(w, r)
		case "/broken":
			http.Error(w, "broken", http.StatusInternalServerError)
		case "/moved":
			http.Redirect(w, r, "/page", http.StatusFound)
		case "/spun":
			w.Header().Set(slot.SpunHeader, "300000")
		default:
			fmt.Fprint(w, "ok")
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) total() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.seen {
		n += int64(k)
	}
	return n
}

// own is what came of a k6 that ran a script of the user's own.
type own struct {
	reports   []slot.Report
	intervals []result.Interval
	output    string
	warnings  []string // about the script, as the orchestrator is told them
}

// runOwn runs a script in a k6 process with 8 VUs, under the given orders, to its end.
func runOwn(t *testing.T, script string, orders ...slot.Order) own {
	t.Helper()
	return runOwnWith(t, map[string]string{"load.js": script}, slot.Generator{}, nil, orders...)
}

// runOwnWith does so with the files of the script's directory, load.js or load.ts among them, fields of the generator, and flags
// of k6.
func runOwnWith(t *testing.T, files map[string]string, generator slot.Generator, flags []string, orders ...slot.Order) own {
	t.Helper()
	dir := t.TempDir()
	home := filepath.Join(dir, "a user's #1 script") // neither quote, nor space, nor # may matter
	path := ""
	for name, text := range files {
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "load.") {
			path = file
		}
	}
	env, err := wrapper.Scripts.ReadFile(wrapper.OwnEnv)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, wrapper.OwnEnv), env, 0o644); err != nil {
		t.Fatal(err)
	}
	wrapper, err := wrapper.Script(path, filepath.Join(dir, wrapper.OwnEnv))
	if err != nil {
		t.Fatal(err)
	}
	o := newOrchestrator(t, orders...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, binary)
	cmd.Args = slices.Concat([]string{"k6", "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", "--no-thresholds", "--address="}, flags, []string{"-"})
	cmd.Dir, cmd.Stdin = home, bytes.NewReader(wrapper)
	generator.Conductor, generator.Token, generator.Record = o.URL, "secret", filepath.Join(dir, "latency.hlog")
	generator.Seed, generator.VUs, generator.BaseURL = 7, 8, slot.NoBaseURL
	cmd.Env = append(os.Environ(), "PERSO_TEST_K6=1")
	for name, value := range generator.Environ() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); ctx.Err() != nil {
		t.Fatalf("k6 does not end (%v):\n%s", err, &output)
	}
	if strings.Contains(output.String(), "DATA RACE") {
		t.Errorf("k6 has a data race:\n%s", &output)
	}
	intervals, err := result.ReadLatency(filepath.Join(dir, "latency.hlog"))
	if err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	made := own{reports: o.reports, intervals: intervals, output: output.String()}
	if o.ready != nil {
		made.warnings = o.ready.Warnings
	}
	return made
}

// over fails the test unless the run came to its end, with a report for every order.
func (o own) over(t *testing.T, orders int) {
	t.Helper()
	if !strings.Contains(o.output, "the run is over") || len(o.reports) != orders {
		t.Fatalf("%d reports of %d orders:\n%s", len(o.reports), orders, o.output)
	}
}

// histogram merges those of an arm, step and kind; "" is any.
func (o own) histogram(t *testing.T, arm, step, kind string) *hdr.Histogram {
	t.Helper()
	h := result.NewHistogram()
	for _, i := range o.intervals {
		if (arm == "" || i.Arm == arm) && (step == "" || i.Step == step) && i.Kind == kind {
			h.Merge(histogram(t, i))
		}
	}
	return h
}

func ownOrder(id int, phase string, targets ...slot.Target) slot.Order {
	return slot.Order{
		ID: id, Phase: phase, Launch: 1, Round: id, Targets: targets,
		Duration: 400 * time.Millisecond, Washout: 100 * time.Millisecond, Rate: 60,
	}
}
