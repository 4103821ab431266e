package guard

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
)

// The test binary is also the guard, and the owner of a guard that is killed.
const envOwner = "GUARD_TEST_OWNER"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "serve" && os.Args[2] == "broken":
		os.Exit(1)
	case len(os.Args) == 3 && os.Args[1] == "serve":
		if err := Serve(os.Stdin, os.Stdout, lookup); err != nil {
			os.Exit(1)
		}
	case os.Getenv(envOwner) != "":
		own(os.Getenv(envOwner))
	default:
		os.Exit(m.Run())
	}
}

// lookup knows one verb: write changes the text of a file, and its revert writes what was there before.
func lookup(verb string) (Verb, error) {
	if verb != "write" {
		return Verb{}, fmt.Errorf("unknown verb %q", verb)
	}
	write := func(file string, text json.RawMessage) error {
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), "locked")); err == nil {
			return errors.New("it is locked")
		}
		return os.WriteFile(file, text, 0o600)
	}
	return Verb{
		Apply:  func(_ context.Context, a Act) error { return write(a.Target, a.Params) },
		Revert: func(_ context.Context, a Act) error { return write(a.Target, a.Saved) },
	}, nil
}

const before, after = `"before"`, `"after"`

func act(file string) Act {
	return Act{Verb: "write", Target: file, Params: json.RawMessage(after), Saved: json.RawMessage(before)}
}

// own starts a guard, holds something for a minute, says which processes there are, and waits to be killed.
func own(file string) {
	g, err := Start(os.Args[0], "guard")
	if err == nil {
		err = g.Hold(act(file), time.Minute)
	}
	g.Log = func(s string) { fmt.Println(s) }
	fmt.Println(os.Getpid(), pid(g), err)
	select {}
}

func pid(g *Guard) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.p.pid
}

func target(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func begin(t *testing.T) *Guard {
	t.Helper()
	g, err := Start(os.Args[0], "guard")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Stop() }) // stopping twice is no error
	return g
}

func holds(file, want string) func() bool {
	return func() bool {
		text, err := os.ReadFile(file)
		return err == nil && string(text) == want
	}
}

func TestHoldAndRelease(t *testing.T) {
	g, file := begin(t), target(t)
	for range 2 { // the second renews
		if err := g.Hold(act(file), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if !holds(file, after)() || !g.Holds("write", file) {
		t.Error("it is not in force")
	}
	for range 2 { // the second has nothing to do
		if err := g.Release("write", file); err != nil {
			t.Fatal(err)
		}
	}
	if !holds(file, before)() || g.Holds("write", file) {
		t.Error("it is in force still")
	}
	if err := g.Hold(act(file), 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "undone at the end of the lease", holds(file, before))
	if err := g.Hold(Act{Verb: "burn", Target: file}, time.Minute); err == nil || err.Error() != `unknown verb "burn"` {
		t.Errorf("got %v", err)
	}
	if err := g.Hold(act(file), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := g.Stop(); err != nil || !holds(file, before)() {
		t.Errorf("Stop leaves it in force: %v", err)
	}
	if err := g.Hold(act(file), time.Minute); !errors.Is(err, errGone) {
		t.Errorf("after Stop: %v", err)
	}
}

// TestKilledGuard: another guard takes over, which knows what was there before.
func TestKilledGuard(t *testing.T) {
	g, file := begin(t), target(t)
	said := make(chan string, 10)
	g.Log = func(s string) { said <- s }
	for range 3 {
		if err := g.Hold(act(file), time.Minute); err != nil {
			t.Fatal(err)
		}
		was := pid(g)
		if err := syscall.Kill(was, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually.True(t, "another guard", func() bool { return pid(g) != was })
		if line := <-said; !strings.Contains(line, "taken over") {
			t.Errorf("said %q", line)
		}
		if !holds(file, after)() {
			t.Error("it is not in force any more")
		}
	}
	if err := g.Release("write", file); err != nil || !holds(file, before)() {
		t.Errorf("it is in force still: %v", err)
	}
}

// TestKilledOwner: the guard undoes what its owner has left, also if it was itself killed before, and also if that fails at first.
func TestKilledOwner(t *testing.T) {
	for _, c := range []struct {
		name          string
		guard, locked bool
	}{{"alone", false, false}, {"after the guard", true, false}, {"undoing fails at first", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			file := target(t)
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), envOwner+"="+file)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(out)
			line, _ := lines.ReadString('\n')
			var owner, guard int
			var failed string
			if n, _ := fmt.Sscan(line, &owner, &guard, &failed); n != 3 || failed != "<nil>" || !holds(file, after)() {
				t.Fatalf("the owner says %q", line)
			}
			if c.guard {
				if err := syscall.Kill(guard, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				if line, _ := lines.ReadString('\n'); !strings.Contains(line, "taken over") {
					t.Fatalf("the owner says %q", line)
				}
			}
			lock := filepath.Join(filepath.Dir(file), "locked")
			if c.locked {
				if err := os.WriteFile(lock, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed
			if c.locked {
				time.Sleep(2 * retryEvery)
				if err := os.Remove(lock); err != nil {
					t.Fatal(err)
				}
			}
			eventually.True(t, "undone", holds(file, before))
		})
	}
}

// TestGuardThatCannotLive: it is not started for ever.
func TestGuardThatCannotLive(t *testing.T) {
	g, err := Start(os.Args[0], "broken")
	if err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "given up", func() bool {
		err = g.Hold(act(target(t)), time.Minute)
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.p == nil
	})
	if !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
	if err := g.Stop(); err != nil {
		t.Error(err)
	}
}
