package faults

import (
	"context"
	"fmt"
)

// requests is what a lever of requests at a link answers: how many requests it could have taken, and how many it took.
type requests struct {
	InForce bool  `json:"in_force"`
	Seen    int64 `json:"seen"`
	Taken   int64 `json:"taken"`
}

// probeRequests is the Probe of a lever of requests: the fault is there once a request was taken.
func probeRequests(name, done string) func(ctx context.Context, site Site) (Effect, error) {
	return func(ctx context.Context, site Site) (Effect, error) {
		var r requests
		if err := site.Arm.Ask(ctx, site.Service, name, struct{}{}, &r); err != nil {
			return Effect{}, err
		}
		return Effect{
			Present: r.InForce && r.Taken > 0, Gone: !r.InForce,
			Detail: fmt.Sprintf("%d of %d requests to %s %s", r.Taken, r.Seen, site.Service, done),
			Values: map[string]float64{"seen": float64(r.Seen), "taken": float64(r.Taken)},
		}, nil
	}
}

// trip is how long a service takes to answer the smallest question, as its link measures it.
type trip struct {
	Direct  float64 `json:"direct_ms"`
	Through float64 `json:"through_ms"`
	Added   float64 `json:"added_ms"`
}
