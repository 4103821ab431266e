package external

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/internal/eventually"
	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
	"github.com/tollgate-dev/tollgate/testenv/images/build"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// TestExternalWithContainers has deployments that exist already, in containers that the experiment names.
func TestExternalWithContainers(t *testing.T) {
	e := enginetest.Open(t)
	binary := enginetest.Program(t)
	shop := filepath.Join(t.TempDir(), "shop")
	if err := enginetest.Build(shop, enginetest.Shop); err != nil {
		t.Fatal(err)
	}
	const image = "tollgate-example/shop:test"
	if err := images.Add(t.Context(), e, image, build.Image{
		Arch: e.Arch(), Entries: []build.Entry{{Path: "/shop", Mode: 0o755, From: shop}}, Entrypoint: []string{"/shop"},
	}); err != nil {
		t.Fatal(err)
	}
	theirs, err := e.NewSession(t.Context(), binary) // any session that is not the run's
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx := context.WithoutCancel(t.Context())
		if err := theirs.Close(ctx); err != nil {
			t.Error(err)
		}
		_, _ = e.Client.ImageRemove(ctx, image, client.ImageRemoveOptions{})
	}()
	network, err := theirs.Network(t.Context(), "theirs")
	if err != nil {
		t.Fatal(err)
	}
	deployed, err := theirs.Start(t.Context(), engine.Spec{
		Name: "their shop", Host: "their-shop", Image: image, Network: network, Ports: []string{"8080"}, Ready: engine.HTTP("8080", "/healthz"),
	})
	if err != nil {
		t.Fatal(err)
	}
	env := &Environment{Binary: binary, System: testenv.System{
		URLs: map[string]string{"off": deployed.URL("8080")}, Health: "/healthz", Targets: map[string]string{"service-pause": "shop"},
		Containers: map[string]map[string]string{"off": {"shop": "tollgate-" + theirs.ID + "-their-shop"}},
	}}
	if err := env.Check(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	defer env.engine.Close()
	launch, err := env.Launch(t.Context(), testenv.Spec{Scrape: time.Second, EvalInterval: time.Second, Arms: []testenv.ArmSpec{
		{Arm: result.Arm{Name: "off", Level: "off"}}, {Arm: result.Arm{Name: "again", Level: "off"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	arm := launch.Arms()[0]
	healthy := func() error {
		if up, err := arm.Answers(t.Context(), FrontService); !up {
			return fmt.Errorf("it does not answer: %w", err)
		}
		return nil
	}
	if u, err := arm.Usage(); err != nil || u.CPU["shop"] <= 0 || u.RSS["shop"] <= 0 {
		t.Errorf("used %+v: %v", u, err)
	}
	if err := arm.Park(); err != nil || healthy() != nil {
		t.Errorf("what was there before was parked: %v", err)
	}
	if err := arm.Unpark(); err != nil {
		t.Error(err)
	}
	if err := arm.Pull(t.Context(), "shop", lever.Pause, struct{}{}, time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"shop", FrontService} {
		if up, err := arm.Answers(t.Context(), service); up || err != nil {
			t.Errorf("%s answers though it is paused (%v)", service, err)
		}
	}
	if err := launch.Close(context.WithoutCancel(t.Context())); err != nil { // it heals the levers that are held
		t.Fatal(err)
	}
	eventually.Nil(t, func() error { return env.answers(t.Context(), deployed.URL("8080")+"/healthz") })
	env.Containers["off"]["shop"] = "nobody"
	if err := env.Check(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "external.containers: off: shop: container nobody") {
		t.Errorf("a container that is not there: %v", err)
	}
}
