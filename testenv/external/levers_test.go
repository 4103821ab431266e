package external

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// TestLeversOfContainers: each lever of a user's container shows in what its question answers, and ends with the release.
func TestLeversOfContainers(t *testing.T) {
	theirs, shops := theirShops(t, "shop")
	name := "tollgate-" + theirs.ID + "-shop"
	env := &Environment{Binary: enginetest.Program(t), System: testenv.System{
		URLs: map[string]string{"off": shops[name].URL("8080"), "full": shops[name].URL("8080")}, Health: "/healthz",
		Targets:    map[string]string{"cpu-throttle": "shop", "memory-squeeze": "shop", "collector-down": "shop", "broker-pause": "shop"},
		Containers: map[string]map[string]string{"off": {"shop": name}, "full": {"shop": name}}, // both levels have the same one
	}}
	if err := env.Check(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	defer env.engine.Close()
	launch, err := env.Launch(t.Context(), testenv.Spec{Scrape: time.Second, EvalInterval: time.Second, Arms: []testenv.ArmSpec{
		{Arm: result.Arm{Name: "off", Level: "off"}}, {Arm: result.Arm{Name: "full", Level: "full"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := launch.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	arms := launch.Arms()
	both := func(do func(arm testenv.Arm) error) {
		t.Helper()
		for _, arm := range arms {
			if err := do(arm); err != nil {
				t.Fatal(err)
			}
		}
	}
	pull := func(name string, params any) {
		t.Helper()
		both(func(arm testenv.Arm) error { return arm.Pull(t.Context(), "shop", name, params, time.Minute) })
	}
	release := func(name string) {
		t.Helper()
		both(func(arm testenv.Arm) error { return arm.Release(t.Context(), "shop", name) })
	}
	busy := func(ctx context.Context) { // requests, so that the shop has something to do
		for ctx.Err() == nil {
			_ = env.answers(ctx, arms[0].Gateway()+"/search?q=red+shoes+size+3")
		}
	}
	t.Run("quota", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		for range 4 {
			go busy(ctx) // ends with stop
		}
		stood := func() (share float64) {
			var s struct {
				Ran   float64 `json:"ran_ms"`
				Stood float64 `json:"stood_ms"`
			}
			if err := arms[0].Ask(t.Context(), "shop", lever.Stalls, struct{}{}, &s); err != nil {
				t.Fatal(err)
			}
			return s.Stood / max(s.Ran+s.Stood, 1)
		}
		pull(lever.LimitCPU, map[string]float64{"cores": 0.05})
		eventually.True(t, "it stands still most of the time", func() bool { return stood() > 0.5 })
		if u, err := arms[0].Usage(); err != nil || u.Throttled["shop"] <= 0 {
			t.Errorf("throttled in %d periods: %v", u.Throttled["shop"], err)
		}
		release(lever.LimitCPU)
		eventually.True(t, "it does not stand still", func() bool { return stood() == 0 })
	})
	t.Run("a start", func(t *testing.T) {
		up := func() float64 {
			var s struct{ Seconds float64 }
			if err := arms[1].Ask(t.Context(), "shop", lever.Uptime, struct{}{}, &s); err != nil {
				t.Fatal(err)
			}
			return s.Seconds
		}
		eventually.True(t, "it has been up for a while", func() bool { return up() > 1 })
		pull(lever.Restart, struct{}{})
		if s := up(); s > 1 {
			t.Errorf("it has been up for %g s after a restart", s)
		}
		release(lever.Restart)
		if _, err := arms[0].Usage(); err != nil {
			t.Error(err)
		}
	})
	t.Run("a limit that the kernel enforces", func(t *testing.T) {
		before, _ := allowed(t, theirs.Client, name)
		pull(lever.LimitMemory, map[string]float64{"room": 0.05})
		if now, _ := allowed(t, theirs.Client, name); now.Memory < 6<<20 || now.Memory > 64<<20 {
			t.Errorf("it may use %d bytes", now.Memory)
		}
		if _, err := theirs.Client.ContainerKill(t.Context(), name, client.ContainerKillOptions{}); err != nil { // as the kernel does
			t.Fatal(err)
		}
		eventually.True(t, "it is gone", func() bool { up, err := arms[0].Answers(t.Context(), "shop"); return err == nil && !up })
		if _, err := arms[0].Usage(); err != nil {
			t.Errorf("usage while it is gone: %v", err)
		}
		release(lever.LimitMemory)
		if now, s := allowed(t, theirs.Client, name); !s.Running || now.Memory < before.Memory {
			t.Errorf("after the release it runs: %t, and may use %d bytes", s.Running, now.Memory)
		}
	})
	for _, stops := range []struct{ lever, asks string }{{lever.PauseBroker, lever.AskBroker}, {lever.StopCollector, lever.AskCollector}} {
		t.Run(stops.lever, func(t *testing.T) {
			answers := func() bool {
				var s struct{ Answers bool }
				if err := arms[0].Ask(t.Context(), "shop", stops.asks, struct{}{}, &s); err != nil {
					t.Fatal(err)
				}
				return s.Answers
			}
			pull(stops.lever, struct{}{})
			if answers() {
				t.Error("it answers")
			}
			release(stops.lever)
			eventually.True(t, "it answers again", answers)
		})
	}
}

// TestQuotaIsNeverRaised: a container that has less than a fault would leave it is refused, and keeps what it has.
func TestQuotaIsNeverRaised(t *testing.T) {
	theirs, shops := theirShops(t, "shop")
	name := "tollgate-" + theirs.ID + "-shop"
	has := container.Resources{NanoCPUs: 20_000_000}
	if _, err := theirs.Client.ContainerUpdate(t.Context(), name, client.ContainerUpdateOptions{Resources: &has}); err != nil {
		t.Fatal(err)
	}
	err := theirs.Hold(t.Context(), shops[name].ID, lever.LimitCPU, map[string]float64{"cores": 0.05}, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "no more than 0.02 cores already: cores must be less, got 0.05") {
		t.Errorf("got %v", err)
	}
	if now, _ := allowed(t, theirs.Client, name); now.NanoCPUs != has.NanoCPUs {
		t.Errorf("it has %d now", now.NanoCPUs)
	}
}
