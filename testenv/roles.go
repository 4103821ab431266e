package testenv

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Roles is an arm whose roles have control endpoints.
type Roles interface {
	lever.Arm
	// Control returns the client for the control endpoint of a role, and the role's base URL.
	Control(service string) (role.Client, string)
}

// RoleLever returns the handle of a lever that a role itself has, at its control endpoint.
func RoleLever[A Roles](name string) lever.Handle[A] {
	return lever.Handle[A]{
		Pull: func(ctx context.Context, arm A, service string, params any, lease time.Duration) error {
			client, base := arm.Control(service)
			return about(arm, service, client.Pull(ctx, base, name, params, lease))
		},
		Release: func(ctx context.Context, arm A, service string) error {
			client, base := arm.Control(service)
			return about(arm, service, client.Release(ctx, base, name, arm.Name()))
		},
	}
}

// RoleQuestion returns the handle of a question that a role answers at its control endpoint.
func RoleQuestion[A Roles](name string) lever.Handle[A] {
	return lever.Handle[A]{Ask: func(ctx context.Context, arm A, service string, params, out any) error {
		client, base := arm.Control(service)
		return about(arm, service, client.Ask(ctx, base, name, params, out))
	}}
}

// RoleSetting returns the handle of a lever that a role itself has and that can be asked what it does now.
func RoleSetting[A Roles](name string) lever.Handle[A] {
	h := RoleLever[A](name)
	h.Ask = RoleQuestion[A](name).Ask
	return h
}

// LinkLevers returns the handles of the levers of links. The link to a service pulls them and can be asked what they do.
func LinkLevers[A Roles]() lever.Handles[A] {
	handles := lever.Handles[A]{}
	for _, l := range lever.All() {
		if lever.OfLink(l.Name) {
			handles[l.Name] = linkLever[A](l.Name)
		}
	}
	return handles
}

func linkLever[A Roles](name string) lever.Handle[A] {
	return lever.Handle[A]{
		Pull: func(ctx context.Context, arm A, service string, params any, d time.Duration) error {
			client, base := arm.Control(role.Links)
			return about(arm, service, client.Pull(ctx, base, lever.At(service, name), params, d))
		},
		Release: func(ctx context.Context, arm A, service string) error {
			client, base := arm.Control(role.Links)
			return about(arm, service, client.Release(ctx, base, lever.At(service, name), arm.Name()))
		},
		Ask: func(ctx context.Context, arm A, service string, params, out any) error {
			client, base := arm.Control(role.Links)
			return about(arm, service, client.Ask(ctx, base, lever.At(service, name), params, out))
		},
	}
}

// Linked returns an error for the use of a lever of a link (see lever.At) at a service that has no link.
func Linked(uses []string) error {
	for _, use := range uses {
		service, name := lever.Split(use)
		if _, ok := role.Linked()[service]; !ok && lever.OfLink(name) {
			return fmt.Errorf("%s: no link leads to %q: there is one to each of %v", use, service, slices.Sorted(maps.Keys(role.Linked())))
		}
	}
	return nil
}

// Runtimes reads what the runtimes of all services of an arm of our own stack have counted.
func Runtimes(ctx context.Context, arm Roles) (map[string]result.Runtime, error) {
	services := role.Services()
	out := make([]result.Runtime, len(services))
	group, ctx := errgroup.WithContext(ctx)
	for i, service := range services {
		group.Go(func() error {
			client, base := arm.Control(service)
			return about(arm, service, client.Ask(ctx, base, role.RuntimeQuestion, struct{}{}, &out[i]))
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	reported := map[string]result.Runtime{}
	for i, service := range services {
		reported[service] = out[i]
	}
	return reported, nil
}

// Profiled are the services of our own stack, all of which can take a CPU profile.
func Profiled() []string { return slices.Sorted(slices.Values(role.Services())) }

// RoleProfile lets a service of an arm of our own stack take a CPU profile of itself: see Arm.CPUProfile.
func RoleProfile(ctx context.Context, arm Roles, service string, length time.Duration) ([]byte, error) {
	client, base := arm.Control(service)
	patient := role.Client{Client: client.Patient(length)}
	var answer role.ProfileAnswer
	err := patient.Ask(ctx, base, role.ProfileQuestion, role.ProfileParams{Length: length}, &answer)
	return answer.Profile, about(arm, service, err)
}

// about adds to an error the name of the role that it is about.
func about(arm lever.Arm, service string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("testenv: %s of arm %s: %w", service, arm.Name(), err)
}
