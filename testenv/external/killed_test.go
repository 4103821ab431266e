package external

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
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

// envVictim makes the test binary pull levers, and wait to be killed. Its value is a victimOrder as JSON.
const envVictim = "TOLLGATE_TEST_VICTIM"

// victimOrder is what the victim is to do.
type victimOrder struct {
	Binary string // tollgate, which is the guard
	System testenv.System
	Pull   []pulled
}

// pulled is a lever that is pulled at a service.
type pulled struct {
	Service, Lever string
	Params         map[string]float64
}

func victim(text string) {
	var order victimOrder
	err := json.Unmarshal([]byte(text), &order)
	if err == nil {
		err = order.carryOut()
	}
	fmt.Println(err)
	select {}
}

func (o victimOrder) carryOut() error {
	ctx := context.Background()
	e := &Environment{Binary: o.Binary, System: o.System}
	if err := e.Check(ctx, 1); err != nil {
		return err
	}
	launch, err := e.Launch(ctx, testenv.Spec{
		Scrape: time.Second, EvalInterval: time.Second, Arms: []testenv.ArmSpec{{Arm: result.Arm{Name: "off", Level: "off"}}},
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range o.Pull {
		errs = append(errs, launch.Arms()[0].Pull(ctx, p.Service, p.Lever, p.Params, time.Minute))
	}
	return errors.Join(errs...)
}

// kill starts a victim, waits until everything is pulled, looks whether it is, and kills the victim.
func kill(t *testing.T, order victimOrder, broken func() error) {
	t.Helper()
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), envVictim+"="+string(text)), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	wrong := broken()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if line != "<nil>\n" {
		t.Fatalf("the victim says %q", line)
	}
	if wrong != nil {
		t.Fatal(wrong)
	}
}

// TestKilledOwnerOfAProxy: nothing stays in a proxy when the run is killed.
func TestKilledOwnerOfAProxy(t *testing.T) {
	api, _ := toxiproxyServer(t)
	e := &Environment{System: testenv.System{
		URLs: map[string]string{"off": api}, Health: "/version", Proxies: map[string]testenv.SystemProxy{"redis": {URL: api, Name: "store"}},
		Targets: map[string]string{"broker-pause": "redis"},
	}}
	left := func() []string {
		found, err := e.proxy("redis").ours(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range found {
			names = append(names, f.Name)
		}
		slices.Sort(names)
		return names
	}
	order := victimOrder{Binary: enginetest.Program(t), System: e.System, Pull: []pulled{
		{"redis", lever.Latency, map[string]float64{"latency": 1000}}, {"redis", lever.Reset, map[string]float64{"share": 0.5}}, {"redis", lever.PauseBroker, nil},
	}}
	kill(t, order, func() error {
		if got := left(); !slices.Equal(got, []string{"tollgate-cut", "tollgate-latency", "tollgate-reset"}) {
			return fmt.Errorf("the proxy has %v", got)
		}
		return nil
	})
	eventually.True(t, "the proxy does nothing any more", func() bool { return len(left()) == 0 })
}

// allowed is what a container may use, as the engine has it.
func allowed(t *testing.T, c *client.Client, name string) (container.Resources, container.State) {
	t.Helper()
	at, err := c.ContainerInspect(t.Context(), name, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return at.Container.HostConfig.Resources, *at.Container.State
}

// TestKilledOwnerOfContainers: containers of the user's are as they were when the run is killed, with the limits that the user gave
// them, and they are not removed.
func TestKilledOwnerOfContainers(t *testing.T) {
	theirs, shops := theirShops(t, "paused", "limited", "killed", "free")
	at := func(host string) string { return "tollgate-" + theirs.ID + "-" + host }
	before := container.Resources{NanoCPUs: 500_000_000, Memory: 96 << 20, MemorySwap: 128 << 20}
	if _, err := theirs.Client.ContainerUpdate(t.Context(), at("limited"), client.ContainerUpdateOptions{Resources: &before}); err != nil {
		t.Fatal(err)
	}
	order := victimOrder{
		Binary: enginetest.Program(t),
		System: testenv.System{
			URLs: map[string]string{"off": shops[at("free")].URL("8080")}, Health: "/healthz",
			Containers: map[string]map[string]string{"off": {"p": at("paused"), "l": at("limited"), "k": at("killed"), "f": at("free")}},
			Targets:    map[string]string{"service-pause": "p", "cpu-throttle": "l", "memory-squeeze": "k", "consumer-stopped": "f"},
		},
		Pull: []pulled{
			{"p", lever.Pause, nil}, {"l", lever.LimitCPU, map[string]float64{"cores": 0.05}}, {"l", lever.LimitMemory, map[string]float64{"room": 0.1}},
			{"k", lever.Kill, nil}, {"f", lever.LimitCPU, map[string]float64{"cores": 0.05}}, {"f", lever.LimitMemory, map[string]float64{"bytes": 32 << 20}},
		},
	}
	kill(t, order, func() error {
		_, paused := allowed(t, theirs.Client, at("paused"))
		limited, _ := allowed(t, theirs.Client, at("limited"))
		_, killed := allowed(t, theirs.Client, at("killed"))
		free, _ := allowed(t, theirs.Client, at("free"))
		if !paused.Paused || limited.NanoCPUs != 50_000_000 || limited.Memory >= before.Memory || killed.Running || free.CPUQuota != 5000 || free.Memory != 32<<20 {
			return fmt.Errorf("paused %t, limited to %+v, running %t, free with %d of %d µs and %d bytes",
				paused.Paused, limited, killed.Running, free.CPUQuota, free.CPUPeriod, free.Memory)
		}
		return nil
	})
	eventually.True(t, "all four answer", func() bool {
		for _, name := range slices.Sorted(maps.Keys(shops)) {
			if _, s := allowed(t, theirs.Client, name); !s.Running || s.Paused {
				return false
			}
		}
		limited, _ := allowed(t, theirs.Client, at("limited"))
		free, _ := allowed(t, theirs.Client, at("free"))
		return limited.NanoCPUs == before.NanoCPUs && limited.Memory == before.Memory && limited.MemorySwap == before.MemorySwap &&
			free.CPUQuota == -1 && free.Memory > 1<<30
	})
}
