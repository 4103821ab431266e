package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
)

func TestUpInProcesses(t *testing.T) {
	binary, err := static()
	if err != nil {
		t.Fatal(err)
	}
	testUp(t, binary, "process")
}

func TestUpInContainers(t *testing.T) {
	binary, e := inContainers(t)
	pid := testUp(t, binary, "containers")
	if n, err := labelled(t.Context(), e, pid); err != nil || n > 0 {
		t.Errorf("%d containers and networks are left: %v", n, err)
	}
}

// testUp: the stack of `up` answers at the address that it prints, its Prometheus evaluates the rules and scrapes without errors,
// and `down` removes it. The process that was up is returned.
func testUp(t *testing.T, binary, environment string) (pid int) {
	t.Helper()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	text := "groups: [{name: g, rules: [{record: watched, expr: probe_success}, {alert: Watchdog, expr: min(watched) == 1, for: 1m}]}]"
	if err := os.WriteFile(rules, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+dir)
		return cmd
	}
	up := command("up", "--env", environment, "--level", "full", "--listen", "127.0.0.1:0", "--rules", rules, "--lapse", "60")
	up.Stderr = os.Stderr
	stdout, err := up.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Process.Kill() }) // where the test ends early
	said := map[string]string{}
	for lines := bufio.NewScanner(stdout); said["level"] == "" && lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), " ")
		said[name] = strings.TrimSpace(rest)
	}
	if answer, err := recommend(said["gateway"]); err != nil || !strings.Contains(answer, `"items"`) {
		t.Errorf("%s: %v: %s", said["gateway"], err, answer)
	}
	watch, _, _ := strings.Cut(said["alerts"], ": ")
	// An image of Prometheus that is built without the pages of its user interface answers 500 there.
	if resp, err := http.Get(watch); err != nil || environment == "process" && resp.StatusCode != http.StatusOK {
		t.Errorf("alerts at %s: %v, %v", watch, resp, err)
	} else {
		resp.Body.Close()
	}
	client, err := api.NewClient(api.Config{Address: said["prometheus"]})
	if err != nil {
		t.Fatal(err)
	}
	eventually.Nil(t, func() error {
		found, err := prometheus.NewAPI(client).Alerts(t.Context())
		if err != nil {
			return err
		}
		if len(found.Alerts) != 1 || found.Alerts[0].State != prometheus.AlertStateFiring {
			return fmt.Errorf("alerts %+v, want Watchdog firing", found.Alerts)
		}
		targets, err := prometheus.NewAPI(client).Targets(t.Context())
		if err != nil {
			return err
		}
		for _, target := range targets.Active {
			if target.Health != prometheus.HealthGood || target.LastError != "" {
				return fmt.Errorf("target %s: %s, %q", target.ScrapeURL, target.Health, target.LastError)
			}
		}
		return nil
	})
	if text, err := command("down").CombinedOutput(); err != nil {
		t.Errorf("down: %v: %s", err, text)
	}
	if answer, err := recommend(said["gateway"]); err == nil {
		t.Errorf("down has returned, and the gateway still answers: %s", answer)
	}
	if err := up.Wait(); err != nil {
		t.Errorf("up: %v", err)
	}
	return up.Process.Pid
}

// TestDownLeavesStrangersAlone: the file of a stack that was killed names a process id and an address that others have by now.
func TestDownLeavesStrangersAlone(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // 200, whatever is asked
	defer stranger.Close()
	sleep := exec.Command("sleep", "600")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sleep.Wait() }()
	defer func() {
		_ = sleep.Process.Kill()
		<-ended
	}()
	for name, text := range map[string]string{
		"a process id that was reused": fmt.Sprintf(`{"pid": %d, "gateway": %q}`, sleep.Process.Pid, stranger.URL),
		"killed before it wrote":       "",
		"process 1":                    fmt.Sprintf(`{"pid": 1, "gateway": %q}`, stranger.URL),
		"all processes":                fmt.Sprintf(`{"pid": -1, "gateway": %q}`, stranger.URL),
		"not JSON":                     "pid 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			path, err := upPath()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if code := run(t.Context(), []string{"down"}, nil, &out, &out); code != exitPass || !strings.Contains(out.String(), "gone already") {
				t.Errorf("exit code %d: %s", code, out.String())
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("the file is still there")
			}
			select {
			case <-ended:
				t.Fatal("the stranger was ended")
			default:
			}
			out.Reset()
			code := run(t.Context(), []string{"down"}, nil, &out, &out)
			if code != exitCouldNotRun || !strings.Contains(out.String(), "nothing is up") {
				t.Errorf("down a second time: exit code %d: %s", code, out.String())
			}
		})
	}
}
