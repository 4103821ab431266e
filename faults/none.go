package faults

import "context"

// none injects nothing: the same timeline without a fault, so that every alert that fires is false.
func none() Fault {
	return Fault{
		ID:    "none",
		Title: "nothing is injected",
		Felt:  "nothing",
		Least: "–",
		Inject: func(context.Context, Site) (Injection, error) {
			return Injection{Heal: func(context.Context) error { return nil }}, nil
		},
		Probe: func(context.Context, Site) (Effect, error) {
			return Effect{Present: true, Gone: true, Detail: "nothing to see"}, nil
		},
	}
}
