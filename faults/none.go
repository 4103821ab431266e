package faults

import "context"

// none is the catalogue's control: the same timeline with nothing injected, so that every alert that fires is false.
func none() Fault {
	return Fault{
		ID:       "none",
		Title:    "nothing is injected",
		Perturbs: "nothing, on the same timeline",
		Felt:     "nothing",
		Least:    "–",
		Inject: func(context.Context, Site) (Injection, error) {
			return Injection{Heal: func(context.Context) error { return nil }}, nil
		},
		Probe: func(context.Context, Site) (Effect, error) {
			return Effect{Present: true, Gone: true, Detail: "nothing to see"}, nil
		},
	}
}
