package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/injection"
)

// TestUpWithFaults: the example breaks the stack of `up --faults`, sees the effect and heals it; without the token nothing happens.
func TestUpWithFaults(t *testing.T) {
	binary, err := static()
	if err != nil {
		t.Fatal(err)
	}
	cache := "XDG_CACHE_HOME=" + t.TempDir()
	up := exec.Command(binary, "up", "--faults", "--level", "metrics", "--listen", "127.0.0.1:0")
	up.Env, up.Stderr = append(os.Environ(), cache), os.Stderr
	stdout, err := up.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Process.Kill() }) // where the test ends early
	control := ""
	for lines := bufio.NewScanner(stdout); control == "" && lines.Scan(); {
		if _, export, ok := strings.Cut(lines.Text(), "export "); ok {
			control = export
		}
	}
	if !strings.HasPrefix(control, injection.EnvControl+"=http://tollgate:") {
		t.Fatalf("up printed %q", control)
	}
	example := func(control string) (string, error) {
		cmd := exec.Command(binary, "k6", "run", "--no-usage-report", "--address", "", "../../xk6-perso/examples/inject.js")
		cmd.Env = append(os.Environ(), cache, control)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := example(control)
	for _, want := range []string{"the upstream stops delivering age for 50 % of the users", "profiles lack age"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v, want %q in\n%s", err, want, out)
		}
	}
	if out, err := example(control[:len(control)-30] + "wrong@" + control[strings.LastIndex(control, "@")+1:]); err == nil || !strings.Contains(out, "401") {
		t.Errorf("without the token: %v\n%s", err, out)
	}
	down := exec.Command(binary, "down")
	down.Env = append(os.Environ(), cache)
	if out, err := down.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if err := up.Wait(); err != nil {
		t.Error(err)
	}
}
