package faults

import "context"

// none injects nothing: the same timeline without a fault, so that every alert that fires is false.
func none() Fault {
	return Fault{
		ID:      "none",
		Group:   "controls",
		Title:   "nothing is injected",
		Felt:    "nothing",
		Least:   "–",
		Runbook: "An alert that fires in this pass is a false alarm: look at its threshold and at what the machine did just then.",
		Inject: func(context.Context, Site) (Injection, error) {
			return Injection{Heal: func(context.Context) error { return nil }}, nil
		},
		Probe: func(context.Context, Site) (Effect, error) {
			return Effect{Present: true, Gone: true, Detail: "nothing to see"}, nil
		},
	}
}
