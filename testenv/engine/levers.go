package engine

import (
	"context"
	"errors"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// Levers are the handles of all verbs, for arms whose services are containers. At says which containers a service has, and
// the session that holds what is done to them.
func Levers[A lever.Arm](at func(arm A, service string) (*Session, []*Container)) lever.Handles[A] {
	handles := lever.Handles[A]{}
	for _, verb := range Verbs() {
		handles[verb.Name] = lever.Handle[A]{
			Pull: func(ctx context.Context, arm A, service string, params any, lease time.Duration) error {
				session, containers := at(arm, service)
				var errs []error
				for _, c := range containers {
					errs = append(errs, session.Hold(ctx, c.ID, verb.Name, params, lease))
				}
				return errors.Join(errs...)
			},
			Release: func(ctx context.Context, arm A, service string) error {
				session, containers := at(arm, service)
				var errs []error
				for _, c := range containers {
					errs = append(errs, session.Release(ctx, c.ID, verb.Name))
				}
				return errors.Join(errs...)
			},
		}
	}
	return handles
}
