package process

import (
	"context"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/outside"
	"github.com/tollgate-dev/tollgate/testenv/role"
	"github.com/tollgate-dev/tollgate/testenv/stack"
)

// TestMain makes this binary the model service when a test starts it as one.
func TestMain(m *testing.M) {
	if len(os.Args) != 3 || os.Args[1] != "serve" {
		os.Exit(m.Run())
	}
	config, err := role.FromEnv(os.Getenv)
	if err != nil {
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for _, r := range stack.Roles() {
		if r.Name == os.Args[2] {
			err = r.Run(ctx, stack.Config{Config: config, Level: stack.Level{Off: true}, Stdout: os.Stdout, Stderr: os.Stderr})
		}
	}
	if err != nil {
		os.Exit(1)
	}
}

// modelArm is an arm whose only process is a model service.
func modelArm(t *testing.T) *arm {
	t.Helper()
	l := &launch{env: &Environment{Binary: os.Args[0]}, client: role.NewClient("token"), lost: make(chan error, 1), spec: testenv.Spec{Log: os.Stderr}}
	a := &arm{
		launch: l, name: "full", procs: map[string]*child.Process{}, urls: map[string]string{}, listeners: map[string]*net.TCPListener{},
		config: role.Defaults(), view: outside.NewView("full"),
	}
	a.config.Arm = "full"
	listener, url, err := inherit(role.DefaultListen)
	if err != nil {
		t.Fatal(err)
	}
	a.listeners[role.Model], a.urls[role.Model] = listener, url
	t.Cleanup(func() {
		if err := a.leases.Close(); err != nil {
			t.Error(err)
		}
		for _, p := range l.procs {
			p.Stop(5 * time.Second)
		}
		a.view.Close()
		_ = listener.Close()
		select {
		case err := <-l.lost:
			t.Errorf("a loss was reported: %v", err)
		default:
		}
	})
	if err := a.serve(t.Context(), role.Model); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *arm) pid() int {
	if p := a.running()[role.Model]; p != nil {
		return p.PID
	}
	return 0
}

// uptime is 0 while the service does not answer.
func (a *arm) uptime(t *testing.T) float64 {
	t.Helper()
	var up struct{ Seconds float64 }
	if err := a.Ask(t.Context(), role.Model, lever.Uptime, struct{}{}, &up); err != nil {
		t.Logf("uptime: %v", err)
	}
	return up.Seconds
}

// TestAServiceIsStartedAgain: at the same address, once per restart, and after a kill with the release or with the end of the
// lease. None of it is a loss.
func TestAServiceIsStartedAgain(t *testing.T) {
	a := modelArm(t)
	first := a.pid()
	eventually.True(t, "it has been there for a moment", func() bool { return a.uptime(t) > 0.3 })
	for range 2 { // the second one is a renewal
		if err := a.Pull(t.Context(), role.Model, lever.Restart, struct{}{}, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	second := a.pid()
	if second == first || second == 0 {
		t.Errorf("process %d, then %d", first, second)
	}
	eventually.True(t, "it answers again", func() bool { return a.uptime(t) > 0 })
	for range 2 {
		if err := a.Release(t.Context(), role.Model, lever.Restart); err != nil || a.pid() != second {
			t.Errorf("after the release: process %d, want %d: %v", a.pid(), second, err)
		}
	}

	kill := func(lease time.Duration) {
		t.Helper()
		if err := a.Pull(t.Context(), role.Model, lever.Kill, struct{}{}, lease); err != nil {
			t.Fatal(err)
		}
	}
	kill(time.Minute)
	if answers, err := a.Answers(t.Context(), role.Model); answers || err != nil || a.pid() != 0 {
		t.Errorf("a service that was killed answers: %t, %v; process %d", answers, err, a.pid())
	}
	if usage, err := a.usage(); err != nil || len(usage.CPU) != 0 {
		t.Errorf("usage %v, %v", usage, err)
	}
	for range 2 {
		if err := a.Release(t.Context(), role.Model, lever.Kill); err != nil {
			t.Fatal(err)
		}
	}
	eventually.True(t, "it answers after the release", func() bool { return a.uptime(t) > 0 })
	third := a.pid()
	kill(50 * time.Millisecond)
	eventually.True(t, "it is started again when the lease ends", func() bool { return a.pid() != 0 && a.pid() != third && a.uptime(t) > 0 })
}

// TestAProcessIsThrottled: it stands still for most of the time while the lever is in force, and not after the release and after
// the end of the lease.
func TestAProcessIsThrottled(t *testing.T) {
	a := modelArm(t)
	share := func() float64 {
		t.Helper()
		var s struct {
			Ran   float64 `json:"ran_ms"`
			Stood float64 `json:"stood_ms"`
		}
		if err := a.Ask(t.Context(), role.Model, lever.Stalls, struct{}{}, &s); err != nil {
			t.Fatal(err)
		}
		return s.Ran / (s.Ran + s.Stood)
	}
	pull := func(cores float64, lease time.Duration) error {
		return a.Pull(t.Context(), role.Model, lever.LimitCPU, map[string]any{"cores": cores}, lease)
	}
	free := func() bool { return share() > 0.7 }
	eventually.True(t, "it is free at first", free)
	for range 2 { // the second one is a renewal
		if err := pull(0.1, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	// On a busy machine this process may be late to stop it, and one look of 20 ms of work may be over before: the middle of many counts.
	var shares []float64
	for range 9 {
		shares = append(shares, share())
	}
	slices.Sort(shares)
	if got := shares[len(shares)/2]; got > 0.4 {
		t.Errorf("with a tenth of a core it ran for %.0f %% of the time: %.2f", 100*got, shares)
	}
	for range 2 {
		if err := a.Release(t.Context(), role.Model, lever.LimitCPU); err != nil {
			t.Fatal(err)
		}
	}
	eventually.True(t, "it is free after the release", free)
	if err := pull(0.1, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "it is free after the end of the lease", free)
	for _, wrong := range []any{map[string]any{"cores": 0}, map[string]any{"cores": 2}, map[string]any{"share": 0.1}} {
		if err := a.Pull(t.Context(), role.Model, lever.LimitCPU, wrong, time.Minute); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
}
