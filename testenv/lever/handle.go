package lever

import (
	"context"
	"fmt"
	"time"
)

// Handle says how an environment pulls, releases and asks one lever at its arms. A function that is nil does not exist: a
// question has only Ask, and most levers have no Ask.
type Handle[A Arm] struct {
	// Pull pulls the lever, or renews its lease.
	Pull func(ctx context.Context, arm A, service string, params any, lease time.Duration) error
	// Release ends what the lever does; it is no error if the lever is not in force.
	Release func(ctx context.Context, arm A, service string) error
	// Ask answers a question, or does something once, and decodes the answer into out.
	Ask func(ctx context.Context, arm A, service string, params, out any) error
	// Anywhere: every service may have it, whatever Lever.Service says, since the services of this environment are not ours.
	Anywhere bool
}

// at returns an error for a service that cannot have the lever.
func (h Handle[A]) at(l Lever, service string) error {
	if l.Service == "" || l.Service == service || h.Anywhere {
		return nil
	}
	return fmt.Errorf("%s is a lever of %s, not of %q", l.Name, l.Service, service)
}

// Arm is what Handles needs to know of an arm.
type Arm interface {
	Name() string
	// Reach returns why a lever cannot be used at a service of this arm: the service does not exist, or it must not be touched.
	Reach(service, lever string) error
}

// Handles are the levers of an environment, by name. The methods Supports, Pull, Release and Ask of every environment come from
// them.
type Handles[A Arm] map[string]Handle[A]

// Supports returns why one of the uses (see At) is not available; nil: all are.
func (h Handles[A]) Supports(uses []string) error {
	for _, use := range uses {
		service, name := Split(use)
		l, err := Lookup(name)
		if err != nil {
			return err
		}
		handle, ok := h[name]
		if !ok {
			return fmt.Errorf("%s %s", use, l.Needs)
		}
		if err := handle.at(l, service); err != nil {
			return err
		}
	}
	return nil
}

// Pull pulls a lever of a service, or renews its lease.
func (h Handles[A]) Pull(ctx context.Context, arm A, service, name string, params any, lease time.Duration) error {
	handle, err := h.find(arm, service, name)
	if err != nil {
		return err
	}
	if handle.Pull == nil {
		return fmt.Errorf("testenv: arm %s: %s/%s cannot be pulled", arm.Name(), service, name)
	}
	return handle.Pull(ctx, arm, service, params, lease)
}

// Release ends what a lever of a service does.
func (h Handles[A]) Release(ctx context.Context, arm A, service, name string) error {
	handle, err := h.find(arm, service, name)
	if err != nil {
		return err
	}
	if handle.Release == nil {
		return fmt.Errorf("testenv: arm %s: %s/%s cannot be released", arm.Name(), service, name)
	}
	return handle.Release(ctx, arm, service)
}

// Ask sends a question to a service.
func (h Handles[A]) Ask(ctx context.Context, arm A, service, name string, params, out any) error {
	handle, err := h.find(arm, service, name)
	if err != nil {
		return err
	}
	if handle.Ask == nil {
		return fmt.Errorf("testenv: arm %s: %s/%s answers no questions", arm.Name(), service, name)
	}
	return handle.Ask(ctx, arm, service, params, out)
}

// find returns the handle of a lever, if the environment has it and it can be used at the service.
func (h Handles[A]) find(arm A, service, name string) (Handle[A], error) {
	l, err := Lookup(name)
	if err != nil {
		return Handle[A]{}, fmt.Errorf("testenv: arm %s: %w", arm.Name(), err)
	}
	handle, ok := h[name]
	if !ok {
		return handle, fmt.Errorf("testenv: arm %s: %s/%s %s", arm.Name(), service, name, l.Needs)
	}
	if err := handle.at(l, service); err != nil {
		return handle, fmt.Errorf("testenv: arm %s: %w", arm.Name(), err)
	}
	if err := arm.Reach(service, name); err != nil {
		return handle, fmt.Errorf("testenv: arm %s: %w", arm.Name(), err)
	}
	return handle, nil
}
