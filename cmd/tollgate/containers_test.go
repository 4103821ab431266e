package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
)

// static builds the binary in the form that an image needs.
var static = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tollgate-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tollgate")
	built = dir
	return path, enginetest.Build(path, enginetest.Tollgate)
})

// built is the directory of what static has built, to be removed after the tests; "" if it was not needed.
var built string

// inContainers returns the binary and the engine, which has the images of a run.
func inContainers(t *testing.T) (binary string, e *engine.Engine) {
	t.Helper()
	e = enginetest.Open(t)
	enginetest.Images(t, e, "kafka", "redis", "collector", "prometheus", "alertmanager", "jaeger")
	binary, err := static()
	if err != nil {
		t.Fatal(err)
	}
	return binary, e
}

// parityFaults are of every kind of lever: what the upstream delivers, the model's artefact, the broker's quota, the harness's own
// producer, the consumer's group, the requests between two services, a signal, a kill, the Collector as a whole and its configuration.
var parityFaults = []string{
	"profile-attribute-missing", "model-score-collapse", "consumer-lag", "poison-message", "consumer-stopped", "trace-context-loss",
	"{id: service-pause, off: 0s}", "memory-squeeze", "collector-down", "series-vanish",
}

// parityFile is the same experiment in both environments. An effect has far longer to come and to go than it needs, so that a busy machine
// changes no verdict.
const parityFile = `profile: smoke
levels: [off, full]
faults: [%s]
toll: {launches: 0}
catch: {rate: 60, settle: 8s, clean: 2s, hold: 7s, clear: 4s, quiet_limit: 12s, confirm_limit: 90s}
`

// detections runs the experiment and returns the outcome of every fault at every level.
func detections(t *testing.T, binary, environment string) map[string]string {
	t.Helper()
	dir, _ := effects(t, binary, environment, fmt.Sprintf(parityFile, strings.Join(parityFaults, ", ")))
	for _, arm := range []string{"off", "full"} { // what promtool opens
		if blocks, err := filepath.Glob(filepath.Join(dir, "series", arm, "*", "meta.json")); err != nil || len(blocks) != 1 {
			t.Errorf("%s: the series of %s are in %d blocks, want one: %v", environment, arm, len(blocks), err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Catch struct {
			Faults []struct {
				ID    string `json:"id"`
				Cells []struct {
					Level string `json:"level"`
					State string `json:"state"`
					Alert string `json:"alert"`
				} `json:"cells"`
			} `json:"faults"`
		} `json:"catch"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, f := range report.Catch.Faults {
		for _, c := range f.Cells {
			states[f.ID+" at "+c.Level] = c.State
			t.Logf("%s: %s at %s: %s %s", environment, f.ID, c.Level, c.State, c.Alert)
		}
	}
	return states
}

// TestParity: the same fault has its effect, and gives the same detection verdict in processes and in containers. One runs after the other: side by side on
// two cores they made alerts late that have little time.
func TestParity(t *testing.T) {
	binary, _ := inContainers(t)
	processes := detections(t, binary, "process")
	containers := detections(t, binary, "containers")
	if len(processes) != 2*len(parityFaults) || !maps.Equal(processes, containers) {
		t.Errorf("in processes %v, in containers %v", processes, containers)
	}
}

// labelled counts the containers and networks that belong to a process.
func labelled(ctx context.Context, e *engine.Engine, pid int) (int, error) {
	filters := make(client.Filters).Add("label", engine.LabelSession)
	containers, err := e.Client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filters})
	networks, err2 := e.Client.NetworkList(ctx, client.NetworkListOptions{Filters: filters})
	n := 0
	count := func(labels map[string]string) {
		if fields := strings.Fields(labels[engine.LabelOwner]); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			n++
		}
	}
	for _, c := range containers.Items {
		count(c.Labels)
	}
	for _, network := range networks.Items {
		count(network.Labels)
	}
	return n, errors.Join(err, err2)
}

// TestKilledRun: a run that is killed in the middle leaves nothing in the engine, and what it had measured can be read.
func TestKilledRun(t *testing.T) {
	t.Parallel()
	binary, e := inContainers(t)
	out := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(binary, "run", "--env", "containers", "--profile", "smoke", "--out", out)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // long gone
	said, measuring := "", false
	for lines := bufio.NewScanner(stderr); !measuring && lines.Scan(); {
		said += lines.Text() + "\n"
		measuring = strings.Contains(lines.Text(), "toll, launch 1")
	}
	if !measuring {
		t.Fatalf("the run ended before it measured: %v: %s", cmd.Wait(), said)
	}
	waitFor(t, "a slot is measured", func() bool {
		text, _ := os.ReadFile(filepath.Join(out, "cost.jsonl"))
		return bytes.Count(text, []byte("\n")) >= 3
	})
	before, err := labelled(t.Context(), e, cmd.Process.Pid)
	if err != nil || before < 4*8+4 {
		t.Fatalf("%d containers and networks during the run, want at least 36: %v", before, err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	waitFor(t, "the guard has removed everything", func() bool {
		n, err := labelled(t.Context(), e, cmd.Process.Pid)
		return err == nil && n == 0
	})
	report, err := exec.Command(binary, "report", "-v", out).CombinedOutput()
	if err != nil || !strings.Contains(string(report), "environment containers") || !strings.Contains(string(report), "off") {
		t.Errorf("report of the killed run: %v: %.2000s", err, report)
	}
}

// waitLimit is far longer than anything takes, on a busy machine too.
const waitLimit = 5 * time.Minute

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for limit := time.Now().Add(waitLimit); !condition(); {
		if time.Now().After(limit) {
			t.Fatalf("not within %v: %s", waitLimit, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// recommend asks a gateway for recommendations.
func recommend(gateway string) (string, error) {
	resp, err := http.Post(gateway+"/v1/recommend", "application/json", strings.NewReader(`{"session":"s1","channel":"web","slots":4,"placement":"home"}`))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}
