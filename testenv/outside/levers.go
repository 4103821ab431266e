package outside

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/internal/lease"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// Levers are the handles of what can be done to the broker of an arm, and asked of it, from outside, in the same way in every
// environment. At returns the view of an arm, and the leases of what this process does to it.
func Levers[A lever.Arm](at func(A) (*View, *lease.Table)) lever.Handles[A] {
	return lever.Handles[A]{
		lever.PoisonRecord: {
			Pull: func(ctx context.Context, arm A, _ string, params any, d time.Duration) error {
				view, leases := at(arm)
				return leases.Hold(lever.PoisonRecord, d, func() (func() error, error) {
					var p struct{ Topic string }
					if err := convert(params, &p); err != nil {
						return nil, err
					}
					return view.sendPoison(ctx, p.Topic)
				})
			},
			Release: release(at, lever.PoisonRecord),
			Ask: func(ctx context.Context, arm A, _ string, _, out any) error {
				view, _ := at(arm)
				return answer(out)(view.stuckAt(ctx))
			},
		},
		lever.FloodKey: {
			Pull: func(_ context.Context, arm A, _ string, params any, d time.Duration) error {
				view, leases := at(arm)
				return leases.Hold(lever.FloodKey, d, func() (func() error, error) {
					var p struct{ Rate float64 }
					if err := convert(params, &p); err != nil {
						return nil, err
					}
					return view.flood(p.Rate)
				})
			},
			Release: release(at, lever.FloodKey),
		},
		lever.AskBroker: {Ask: func(ctx context.Context, arm A, _ string, _, out any) error {
			view, _ := at(arm)
			return answer(out)(map[string]bool{"answers": view.answers(ctx)}, nil)
		}},
		lever.AskGroup: {Ask: func(ctx context.Context, arm A, _ string, _, out any) error {
			view, _ := at(arm)
			return answer(out)(view.group(ctx))
		}},
		lever.AskEvents: {Ask: func(ctx context.Context, arm A, _ string, params, out any) error {
			view, _ := at(arm)
			var p struct{ Seconds float64 }
			if err := convert(params, &p); err != nil {
				return err
			}
			return answer(out)(view.recent(ctx, time.Duration(p.Seconds*float64(time.Second))))
		}},
	}
}

func release[A lever.Arm](at func(A) (*View, *lease.Table), name string) func(context.Context, A, string) error {
	return func(_ context.Context, arm A, _ string) error {
		_, leases := at(arm)
		return leases.Release(name)
	}
}

// answer returns a function that puts an answer into out, in the form that it has on a wire.
func answer(out any) func(value any, err error) error {
	return func(value any, err error) error {
		if err != nil || out == nil {
			return err
		}
		return convert(value, out)
	}
}

func convert(from, to any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return fmt.Errorf("outside: parameters: %w", err)
	}
	return nil
}
