// Package engine is a connection to a container engine: sessions of labelled containers and networks, what containers use,
// and what can be done to them. It speaks to the engine through testcontainers-go and its Docker client. Images are the
// subject of package images, which builds on this one.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	tclog "github.com/testcontainers/testcontainers-go/log"
)

// MinAPI is the oldest version of the API with which the verbs and the statistics of this package work: Engine 20.10.
const MinAPI = "1.41"

// Engine is a connection to a container engine. It is safe for concurrent use.
type Engine struct {
	Client *client.Client
	Info   system.Info
	Host   string // where published ports answer
	// Direct reports whether containers answer at their own addresses, without the engine's port proxy. They do if the
	// engine shares this machine's network.
	Direct bool
}

// Open connects to the engine that DOCKER_HOST or the current Docker context names. An error is one message that says
// what is wrong and what to do: no engine, no permission, too old an engine.
func Open(ctx context.Context) (*Engine, error) {
	quiet()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := named(ctx); err != nil {
		return nil, err
	}
	if err := reaper(ctx); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	c, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, Explain(err)
	}
	e := &Engine{Client: c.Client}
	ping, err := e.Client.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	if err != nil {
		return nil, errors.Join(Explain(err), e.Close())
	}
	if older(ping.APIVersion, MinAPI) {
		return nil, errors.Join(fmt.Errorf("engine: the container engine is too old: its API is %s and %s is needed (Docker Engine 20.10): update it, "+
			"or use --env process", ping.APIVersion, MinAPI), e.Close())
	}
	info, err := e.Client.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, errors.Join(Explain(err), e.Close())
	}
	e.Info = info.Info
	if e.Info.OSType != "" && e.Info.OSType != "linux" {
		return nil, errors.Join(fmt.Errorf("engine: the container engine runs %s containers and linux ones are needed: switch it", e.Info.OSType), e.Close())
	}
	if err := e.locate(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// named makes sure that the engine answers that DOCKER_HOST names: testcontainers would quietly take another one.
func named(ctx context.Context) error {
	if os.Getenv("DOCKER_HOST") == "" {
		return nil
	}
	c, err := client.New(client.FromEnv)
	if err != nil {
		return fmt.Errorf("engine: DOCKER_HOST: %w", err)
	}
	defer c.Close()
	if _, err := c.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return Explain(err)
	}
	return nil
}

// Close ends the connection; containers go on.
func (e *Engine) Close() error { return e.Client.Close() }

// Arch is the architecture of the engine's containers, as Go names it.
func (e *Engine) Arch() string {
	switch e.Info.Architecture {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return e.Info.Architecture // Go and the engine have the same name for the others
}

// locate finds out where published ports answer. If /.dockerenv exists, testcontainers concludes that the engine is the
// host's and that this process is in a container beside the others. That is wrong if the engine runs inside this container,
// too: then the engine's bridge is one of our interfaces. TESTCONTAINERS_HOST_OVERRIDE, where it is set, decides.
func (e *Engine) locate(ctx context.Context) error {
	bridge := e.bridge(ctx)
	own, err := net.InterfaceAddrs()
	e.Direct = err == nil && slices.ContainsFunc(own, func(a net.Addr) bool {
		at, err := netip.ParsePrefix(a.String())
		return err == nil && bridge.Contains(at.Addr())
	})
	e.Host = os.Getenv("TESTCONTAINERS_HOST_OVERRIDE")
	if e.Host != "" {
		return nil
	}
	at, err := url.Parse(e.Client.DaemonHost())
	if err != nil {
		return fmt.Errorf("engine: DOCKER_HOST: %w", err)
	}
	_, contained := os.Stat("/.dockerenv")
	switch {
	case at.Hostname() != "":
		e.Host = at.Hostname()
		e.Direct = e.Direct && (e.Host == "localhost" || strings.HasPrefix(e.Host, "127."))
	case contained == nil && !e.Direct && bridge.IsValid():
		e.Host = bridge.Masked().Addr().Next().String() // the bridge's own address: this is a container beside the others
	default:
		e.Host = "127.0.0.1"
	}
	return os.Setenv("TESTCONTAINERS_HOST_OVERRIDE", e.Host) // for testcontainers, which asks each time
}

// bridge is the engine's default network; the zero value if there is none.
func (e *Engine) bridge(ctx context.Context) netip.Prefix {
	n, err := e.Client.NetworkInspect(ctx, "bridge", client.NetworkInspectOptions{})
	if err != nil {
		return netip.Prefix{}
	}
	for _, c := range n.Network.IPAM.Config {
		if c.Subnet.IsValid() && c.Subnet.Addr().Is4() {
			return c.Subnet
		}
	}
	return netip.Prefix{}
}

// reaperImage is the image of testcontainers' reaper, a container that removes what a killed process leaves.
const reaperImage = "testcontainers/ryuk:0.14.0"

// reaper disables testcontainers' reaper if the engine does not have its image, unless the user has decided. The guard, and
// the sweep of the next run, do the reaper's work anyway. testcontainers reads the variable once, with its first client.
func reaper(ctx context.Context) error {
	if os.Getenv("TESTCONTAINERS_RYUK_DISABLED") != "" {
		return nil
	}
	if c, err := client.New(client.FromEnv); err == nil {
		defer c.Close()
		if _, err := c.ImageInspect(ctx, reaperImage); err == nil {
			return nil
		}
	}
	return os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
}

// quiet stops testcontainers from logging to stderr.
func quiet() { tclog.SetDefault(stdlog.New(io.Discard, "", 0)) }

// older compares API versions such as 1.41.
func older(version, than string) bool {
	number := func(v string) (n int) {
		var major, minor int
		_, _ = fmt.Sscanf(v, "%d.%d", &major, &minor) // what does not parse is 0, the oldest
		return major*1000 + minor
	}
	return number(version) < number(than)
}

// Explain turns an error of the client into one message that says what to do, where we know it.
func Explain(err error) error {
	text := err.Error()
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(strings.ToLower(text), p) })
	}
	host := cmp.Or(os.Getenv("DOCKER_HOST"), "unix:///var/run/docker.sock")
	switch {
	case has("permission denied"):
		return fmt.Errorf("engine: no permission to use the container engine at %s: add yourself to its group (usermod -aG docker $USER, then log in again), "+
			"or use --env process", host)
	case has("too old", "minimum supported api version"):
		return fmt.Errorf("engine: the container engine is too old: API %s is needed (Docker Engine 20.10): update it, or use --env process", MinAPI)
	case DiskFull(err):
		return fmt.Errorf("engine: the container engine's disk is full: free some (docker system df, docker system prune): %w", err)
	case client.IsErrConnectionFailed(err), has("cannot connect to the docker", "dial unix", "error during connect", "rootless docker not found"):
		return fmt.Errorf("engine: no container engine answers at %s: start Docker (systemctl start docker), point DOCKER_HOST at one, or use --env process", host)
	}
	return fmt.Errorf("engine: %w", err)
}

// DiskFull reports whether an error is that of a full disk, which engines say in words only.
func DiskFull(err error) bool { return strings.Contains(strings.ToLower(err.Error()), "no space left") }
