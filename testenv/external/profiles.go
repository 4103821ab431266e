package external

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/internal/flame"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Profiled are the services of the arm that serve CPU profiles.
func (a *arm) Profiled() []string {
	if a.composed() {
		return slices.Sorted(maps.Keys(a.Compose.Pprof))
	}
	return slices.Sorted(maps.Keys(a.Pprof[a.spec.Level]))
}

// CPUProfile fetches a CPU profile from where the service serves it.
func (a *arm) CPUProfile(ctx context.Context, service string, length time.Duration) ([]byte, error) {
	address, err := a.profileURL(service)
	if err != nil {
		return nil, err
	}
	return a.profile(ctx, address, length)
}

// profileURL is where a service of the arm serves CPU profiles.
func (a *arm) profileURL(service string) (string, error) {
	if !a.composed() {
		return a.Pprof[a.spec.Level][service], nil
	}
	parts := a.parts[service]
	if len(parts) != 1 {
		return "", fmt.Errorf("service %s has %d containers that run: a CPU profile is of one", service, len(parts))
	}
	return parts[0].URL(strconv.Itoa(a.Compose.Pprof[service])) + testenv.PprofPath, nil
}

// profile fetches a CPU profile. The length is asked for in whole seconds, as net/http/pprof takes it.
func (e *Environment) profile(ctx context.Context, address string, length time.Duration) ([]byte, error) {
	var text []byte
	err := e.client().Patient(length).Get(ctx, fmt.Sprintf("%s?seconds=%d", address, int(length.Seconds())), &text)
	return text, err
}

// checkProfiles fetches a profile of a second from every service that is named to serve one, from all at the same time.
func (e *Environment) checkProfiles(ctx context.Context) error {
	var mu sync.Mutex
	var errs []error
	var group sync.WaitGroup
	for _, level := range slices.Sorted(maps.Keys(e.Pprof)) {
		for _, service := range slices.Sorted(maps.Keys(e.Pprof[level])) {
			group.Go(func() {
				if err := e.checkProfile(ctx, e.Pprof[level][service]); err != nil {
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, fmt.Errorf("external.pprof: %s: %s: %w", level, service, err))
				}
			})
		}
	}
	group.Wait()
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func (e *Environment) checkProfile(ctx context.Context, address string) error {
	const length = time.Second
	ctx, cancel := context.WithTimeout(ctx, length+probeTimeout)
	defer cancel()
	text, err := e.profile(ctx, address, length)
	if err == nil {
		_, err = flame.Read(text)
	}
	return err
}
