package faults

import "context"

// None is the fault that injects nothing.
const None = "none"

// none injects nothing: the same timeline without a fault, so that every alert that fires is false.
func none() Fault {
	return Fault{
		ID:      None,
		Group:   "controls",
		Title:   "nothing is injected",
		Felt:    "nothing",
		Signs:   map[string]int{"errors": 0, "p95": 0, "default": 0, "click_through": 0, "conversion": 0, "identity": 0},
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
