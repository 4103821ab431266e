package images

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// Limits of a pull: of all of it, and of a stretch in which the engine reports nothing.
const (
	pullLimit  = 10 * time.Minute
	stallLimit = 45 * time.Second
)

// puller pulls images. It does not ask a registry again that has not answered once.
type puller struct {
	engine *engine.Engine
	say    func(string)

	mu     sync.Mutex
	silent map[string]string // reason by registry
}

// pull pulls one image. If it cannot, it returns the reason in a few words; else "".
func (p *puller) pull(ctx context.Context, ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return err.Error()
	}
	registry := reference.Domain(named)
	p.mu.Lock()
	reason := p.silent[registry]
	p.mu.Unlock()
	if reason != "" {
		return reason
	}
	p.say("pulling " + ref)
	begin := time.Now()
	if err := pull(ctx, p.engine, ref); err != nil {
		reason, silent := pullReason(registry, err)
		if silent {
			p.mu.Lock()
			p.silent[registry] = reason
			p.mu.Unlock()
		}
		return reason
	}
	p.say(fmt.Sprintf("pulled %s in %v", ref, time.Since(begin).Round(100*time.Millisecond)))
	return ""
}

var (
	errSlowPull    = fmt.Errorf("not done within %v", pullLimit)
	errStalledPull = fmt.Errorf("no progress for %v", stallLimit)
)

// pull pulls an image with the credentials that the user has for its registry, or none.
func pull(ctx context.Context, e *engine.Engine, ref string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, slow := context.WithTimeoutCause(ctx, pullLimit, errSlowPull)
	defer slow()
	stall := time.AfterFunc(stallLimit, func() { cancel(errStalledPull) })
	defer stall.Stop()
	var options client.ImagePullOptions
	if _, auth, err := testcontainers.DockerImageAuth(ctx, ref); err == nil { // without credentials the pull is anonymous
		if options.RegistryAuth, err = authconfig.Encode(auth); err != nil {
			return fmt.Errorf("credentials: %w", err)
		}
	}
	err := func() error {
		answer, err := e.Client.ImagePull(ctx, ref, options)
		if err != nil {
			return err
		}
		for news, err := range answer.JSONMessages(ctx) {
			if err != nil {
				return err
			}
			if news.Error != nil {
				return news.Error
			}
			stall.Reset(stallLimit)
		}
		return nil
	}()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// diskFullReason is why a pull failed on a full disk.
const diskFullReason = "the container engine's disk is full"

// pullReason says in a few words why a pull failed. Silent reports whether a pull of any other image from this registry
// would fail for the same reason.
func pullReason(registry string, err error) (reason string, silent bool) {
	text := strings.ToLower(err.Error())
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(text, p) })
	}
	switch {
	case engine.DiskFull(err):
		return diskFullReason, false
	case errors.Is(err, errStalledPull):
		return "no answer from " + registry + ": " + err.Error(), true
	case has("no such host", "dial tcp", "connection refused", "i/o timeout", "client.timeout", "awaiting headers", "waiting for connection",
		"network is unreachable", "no route to host", "tls handshake timeout", "connection reset") || errors.As(err, new(net.Error)):
		return "no registry answers at " + registry, true
	case has("server gave http response to https client"):
		return registry + " speaks plain HTTP: name it among the engine's insecure-registries", true
	case has("x509", "certificate"):
		return "the engine does not trust the certificate of " + registry, true
	case has("toomanyrequests", "rate limit"):
		return registry + " allows no more pulls for now: log in (docker login), or wait", true
	case has("no matching manifest", "does not match the specified platform"):
		return registry + " has it for other architectures only", false
	case has("manifest unknown", "manifest for"):
		return registry + " has no such image", false
	case has("denied", "unauthorized", "authentication required", "forbidden"):
		return registry + " refuses it: there is no such repository, or it wants a login (docker login)", false
	}
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return line, false
}
