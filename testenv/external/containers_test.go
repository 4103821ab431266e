package external

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
	"github.com/tollgate-dev/tollgate/testenv/images/build"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// theirShops deploys the example some times, as somebody else would have, and returns its containers by their names.
func theirShops(t *testing.T, hosts ...string) (*engine.Session, map[string]*engine.Container) {
	t.Helper()
	e := enginetest.Open(t)
	binary := enginetest.Program(t)
	shop := filepath.Join(t.TempDir(), "shop")
	if err := enginetest.Build(shop, enginetest.Shop); err != nil {
		t.Fatal(err)
	}
	image := "tollgate-example/shop:" + strings.ToLower(t.Name())
	if err := images.Add(t.Context(), e, image, build.Image{
		Arch: e.Arch(), Entries: []build.Entry{{Path: "/shop", Mode: 0o755, From: shop}}, Entrypoint: []string{"/shop"},
	}); err != nil {
		t.Fatal(err)
	}
	theirs, err := e.NewSession(t.Context(), binary) // any session that is not the run's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := theirs.Close(ctx); err != nil {
			t.Error(err)
		}
		_, _ = e.Client.ImageRemove(ctx, image, client.ImageRemoveOptions{})
	})
	network, err := theirs.Network(t.Context(), "theirs")
	if err != nil {
		t.Fatal(err)
	}
	deployed := map[string]*engine.Container{}
	for _, host := range hosts {
		c, err := theirs.Start(t.Context(), engine.Spec{
			Name: "their " + host, Host: host, Image: image, Network: network, Ports: []string{"8080"}, Ready: engine.HTTP("8080", "/healthz"),
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Expect() // its end, if a fault ends it
		deployed["tollgate-"+theirs.ID+"-"+host] = c
	}
	return theirs, deployed
}

// TestExternalWithContainers has deployments that exist already, in containers that the experiment names.
func TestExternalWithContainers(t *testing.T) {
	theirs, shops := theirShops(t, "their-shop")
	name := "tollgate-" + theirs.ID + "-their-shop"
	deployed := shops[name]
	env := &Environment{Binary: enginetest.Program(t), System: testenv.System{
		URLs: map[string]string{"off": deployed.URL("8080")}, Health: "/healthz", Targets: map[string]string{"service-pause": "shop"},
		Containers: map[string]map[string]string{"off": {"shop": name}},
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
