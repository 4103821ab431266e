package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

// begin begins a session for the image of redis.
func begin(t *testing.T) *engine.Session {
	t.Helper()
	s := enginetest.Session(t)
	enginetest.Images(t, s.Engine, "redis")
	return s
}

// ping is ready when redis answers.
func ping(ctx context.Context, c *engine.Container) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.Address("6379"))
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && line != "+PONG\r\n" {
		err = fmt.Errorf("answered %q", line)
	}
	return err
}

func redis(network string) engine.Spec {
	return engine.Spec{
		Name: "a store", Host: "store", Image: (images.Choice{}).Ref("redis"), Network: network, Ports: []string{"6379"}, Ready: ping,
		Files: []engine.File{{Path: "/left/note.txt", Text: []byte("hello"), Mode: 0o644}},
	}
}

// start starts one redis in a network of its own.
func start(t *testing.T, s *engine.Session) *engine.Container {
	t.Helper()
	network, err := s.Network(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Start(t.Context(), redis(network))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answers reports whether the container answers within a second.
func answers(ctx context.Context, c *engine.Container) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return ping(ctx, c) == nil
}

// works waits until the container answers, however long a busy machine takes.
func works(t *testing.T, what string, c *engine.Container) {
	t.Helper()
	eventually.True(t, what, func() bool { return answers(t.Context(), c) })
}

func TestContainerLife(t *testing.T) {
	s := begin(t)
	c := start(t, s)
	works(t, c.Name+" answers at "+c.Address("6379"), c)
	if c.StartUp <= 0 {
		t.Errorf("a start-up time of %v", c.StartUp)
	}
	used, err := c.Meter.Read(t.Context())
	if err != nil || used.CPU <= 0 || used.Memory <= 100<<10 || used.Memory > 100<<20 || used.Peak != 0 && used.Peak < used.Memory {
		t.Errorf("used %+v (%s): %v", used, c.Meter.Source(), err)
	}
	to := filepath.Join(t.TempDir(), "out")
	if err := c.CopyOut(t.Context(), "/left", to); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(to, "note.txt")); string(text) != "hello" {
		t.Errorf("copied %q: %v", text, err)
	}
	if err := c.Meter.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	if answers(t.Context(), c) {
		t.Error("answers though it is frozen")
	}
	if err := c.Meter.Thaw(t.Context()); err != nil {
		t.Fatal(err)
	}
	works(t, "it answers once it is thawed", c)
	if err := c.Stop(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.Lost():
		t.Errorf("what was stopped counts as lost: %v", err)
	default:
	}
}

// TestEngineStatistics: what the engine says agrees with the control group.
func TestEngineStatistics(t *testing.T) {
	s := begin(t)
	c := start(t, s)
	if !strings.HasPrefix(c.Meter.Source(), "cgroup") {
		t.Skipf("no control group to compare with here: %s", c.Meter.Source())
	}
	if err := c.Meter.Freeze(t.Context()); err != nil { // so that both see the same
		t.Fatal(err)
	}
	own, err := c.Meter.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Direct = false
	other, err := s.Meter(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.Direct = true
	theirs, err := other.Read(t.Context())
	if err != nil || theirs.CPU != own.CPU || theirs.Memory != own.Memory || other.Source() != "engine" {
		t.Errorf("the engine says %+v, the control group %+v: %v", theirs, own, err)
	}
	// A frozen container's memory can still be charged for a moment, by the kernel, so that its peak rises between two readings.
	after, err := c.Meter.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if theirs.Peak != 0 && (theirs.Peak < own.Peak || theirs.Peak > after.Peak) { // the engine says none of version 2
		t.Errorf("the engine says a peak of %d, the control group of %d before and %d after", theirs.Peak, own.Peak, after.Peak)
	}
}

func TestVerbs(t *testing.T) {
	s := begin(t)
	c := start(t, s)
	inspect := func() client.ContainerInspectResult {
		at, err := s.Client.ContainerInspect(t.Context(), c.ID, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, v := range []struct {
		verb   string
		params any
		broken func() bool
	}{
		{"pause", nil, func() bool { return !answers(t.Context(), c) }},
		{"kill", nil, func() bool { return !inspect().Container.State.Running }},
		{"limit-cpu", map[string]float64{"cores": 0.25}, func() bool { return inspect().Container.HostConfig.CPUQuota == 25_000 }},
		{"limit-memory", map[string]int{"bytes": 64 << 20}, func() bool { return inspect().Container.HostConfig.Memory == 64<<20 }},
		{"disconnect", nil, func() bool { return !answers(t.Context(), c) }},
	} {
		t.Run(v.verb, func(t *testing.T) {
			for range 2 { // the second renews
				if err := s.Hold(t.Context(), c.ID, v.verb, v.params, time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			if !v.broken() {
				t.Error("has no effect")
			}
			for range 2 { // the second has nothing to do
				if err := s.Release(t.Context(), c.ID, v.verb); err != nil {
					t.Fatal(err)
				}
			}
			works(t, "healed", c)
			eventually.True(t, "no longer broken", func() bool { return !v.broken() })
		})
	}
	t.Run("restart", func(t *testing.T) {
		before := inspect().Container.State.StartedAt
		if err := s.Hold(t.Context(), c.ID, "restart", nil, time.Minute); err != nil {
			t.Fatal(err)
		}
		after := inspect().Container.State.StartedAt
		if before == after {
			t.Error("was not restarted")
		}
		if err := s.Hold(t.Context(), c.ID, "restart", nil, time.Minute); err != nil || inspect().Container.State.StartedAt != after {
			t.Errorf("a renewal restarted it again: %v", err)
		}
		if err := s.Release(t.Context(), c.ID, "restart"); err != nil {
			t.Fatal(err)
		}
		works(t, "back", c)
	})
	t.Run("rewrite", func(t *testing.T) { testRewrite(t, s, c) })
	t.Run("the lease ends", func(t *testing.T) {
		if err := s.Hold(t.Context(), c.ID, "pause", nil, 300*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		eventually.True(t, "healed by itself", func() bool { return !inspect().Container.State.Paused })
	})
	select {
	case err := <-s.Lost():
		t.Errorf("what a verb ended counts as lost: %v", err)
	default:
	}
}

// testRewrite gives a file other contents, once until a release and once until its lease ends.
func testRewrite(t *testing.T, s *engine.Session, c *engine.Container) {
	holds := func() string {
		to := filepath.Join(t.TempDir(), "out")
		if err := c.CopyOut(t.Context(), "/left", to); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(to, "note.txt"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, lease := range []time.Duration{time.Minute, 300 * time.Millisecond} {
		to := engine.Rewriting{Path: "/left/note.txt", Text: []byte("good day"), Signal: "SIGHUP"} // which redis ignores
		for range 2 {                                                                              // the second renews
			if err := s.Hold(t.Context(), c.ID, engine.Rewrite, to, lease); err != nil {
				t.Fatal(err)
			}
		}
		if lease == time.Minute {
			if got := holds(); got != "good day" {
				t.Errorf("the file holds %q", got)
			}
			for range 2 { // the second has nothing to do
				if err := s.Release(t.Context(), c.ID, engine.Rewrite); err != nil {
					t.Fatal(err)
				}
			}
		}
		eventually.True(t, "the old contents are back", func() bool { return holds() == "hello" })
	}
	if err := s.Release(t.Context(), c.ID, engine.Rewrite); err != nil {
		t.Error(err)
	}
	works(t, "it answers still", c)
}

func TestVerbsRefuse(t *testing.T) {
	s := begin(t)
	c := start(t, s)
	for _, v := range []struct {
		verb   string
		params any
		want   string
	}{
		{"explode", nil, "legal verbs are pause, kill, restart, limit-cpu, limit-memory, disconnect"},
		{"limit-cpu", map[string]float64{"cores": -1}, "cores must be from 0.01 to 1024, got -1"},
		{"limit-cpu", map[string]float64{"core": 1}, `unknown field "core"`},
		{"rewrite", engine.Rewriting{Path: "note.txt", Signal: "SIGHUP"}, `path must be absolute, got "note.txt"`},
		{"rewrite", engine.Rewriting{Path: "/left/note.txt"}, "signal must be the name of one"},
		{"rewrite", engine.Rewriting{Path: "/left/nothing.txt", Signal: "SIGHUP"}, "/left/nothing.txt"},
		{"rewrite", engine.Rewriting{Path: "/left", Signal: "SIGHUP"}, "want a file of at most"},
		{"limit-memory", map[string]int{"bytes": 1}, "bytes must be at least 6291456, got 1"},
	} {
		if err := s.Hold(t.Context(), c.ID, v.verb, v.params, time.Minute); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s %v: got %v, want %q", v.verb, v.params, err, v.want)
		}
	}
	works(t, "it answers, since what is refused does nothing", c)
}

// TestStartFailsFast: a container that ends is no reason to wait, and its last log line is in the message.
func TestStartFailsFast(t *testing.T) {
	s := begin(t)
	network, err := s.Network(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	spec := redis(network)
	spec.Cmd = []string{"--port", "nonsense"}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = s.Start(ctx, spec)
	if err == nil || !strings.Contains(err.Error(), "a store ended before it was ready (exit code 1)") || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("got %v", err)
	}
	if ctx.Err() != nil {
		t.Error("waited to the limit")
	}
}

func TestLostContainer(t *testing.T) {
	s := begin(t)
	c := start(t, s)
	if _, err := s.Client.ContainerKill(t.Context(), c.ID, client.ContainerKillOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.Lost():
		if !strings.Contains(err.Error(), "a store ended by itself (exit code 137: tollgate did not kill it") {
			t.Errorf("got %v", err)
		}
	case <-time.After(eventually.Limit):
		t.Error("nobody noticed")
	}
}

// envVictim makes the test binary start a container, break it, and wait to be killed.
const envVictim = "TOLLGATE_TEST_VICTIM"

func victim() {
	ctx := context.Background()
	e, err := engine.Open(ctx)
	if err == nil {
		var s *engine.Session
		if s, err = e.NewSession(ctx, os.Args[0]); err == nil {
			var network string
			if network, err = s.Network(ctx, "test"); err == nil {
				var c *engine.Container
				if c, err = s.Start(ctx, redis(network)); err == nil {
					err = s.Hold(ctx, c.ID, "pause", nil, time.Minute)
					fmt.Println(s.ID)
				}
			}
		}
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	select {}
}

// TestKilledOwner: the guard of a process that was killed removes everything, paused though it is; and what a dead
// session has left without a guard goes with the next sweep, while a living one is left alone.
func TestKilledOwner(t *testing.T) {
	s := begin(t)
	mine := start(t, s)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envVictim+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	id := strings.TrimSpace(line)
	if id == "" || strings.HasPrefix(id, "error") {
		t.Fatalf("the victim says %q", line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	eventually.True(t, "the guard removes the session "+id, func() bool {
		list, err := s.Client.ContainerList(t.Context(), client.ContainerListOptions{All: true,
			Filters: make(client.Filters).Add("label", engine.LabelSession+"="+id)})
		networks, err2 := s.Client.NetworkList(t.Context(), client.NetworkListOptions{Filters: make(client.Filters).Add("label", engine.LabelSession+"="+id)})
		return err == nil && err2 == nil && len(list.Items)+len(networks.Items) == 0
	})
	works(t, "another session's container, which is not the guard's, answers", mine)
	swept, err := s.Sweep(t.Context())
	if err != nil || swept.Alive < 1 || !answers(t.Context(), mine) {
		t.Errorf("the sweep took a living session: %+v, %v", swept, err)
	}
}
