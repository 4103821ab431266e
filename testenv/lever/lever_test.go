package lever

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	name, seen := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`), map[string]bool{}
	for _, l := range All() {
		if !name.MatchString(l.Name) || seen[l.Name] || l.Title == "" || l.Needs == "" {
			t.Errorf("%+v is not complete, or there twice", l)
		}
		seen[l.Name] = true
	}
	_, err := Lookup("lever")
	for want := range seen {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not list %s", err, want)
		}
	}
}

// stack is an arm with one service; it remembers what was done to it.
type stack struct{ done []string }

func (*stack) Name() string { return "full" }

func (*stack) Reach(service, _ string) error {
	if service != "etl" && service != "shop" {
		return errors.New("there is no service " + service)
	}
	return nil
}

func handles() Handles[*stack] {
	note := func(s *stack, what, service string) error { s.done = append(s.done, what+" "+service); return nil }
	return Handles[*stack]{
		Drift: {},
		Pause: {
			Pull: func(_ context.Context, s *stack, service string, _ any, _ time.Duration) error {
				return note(s, "pull", service)
			},
			Release: func(_ context.Context, s *stack, service string) error { return note(s, "release", service) },
		},
		PauseBroker: {Anywhere: true, Ask: func(_ context.Context, s *stack, service string, _, _ any) error { return note(s, "ask", service) }},
		Deliver:     {Ask: func(_ context.Context, s *stack, service string, _, _ any) error { return note(s, "ask", service) }},
	}
}

// TestWhatDoesNotExistIsAnError: Supports, Pull, Release and Ask all return an error.
func TestWhatDoesNotExistIsAnError(t *testing.T) {
	paths := map[string]func(s *stack, service, name string) error{
		"pull": func(s *stack, service, name string) error {
			return handles().Pull(t.Context(), s, service, name, nil, time.Second)
		},
		"release": func(s *stack, service, name string) error { return handles().Release(t.Context(), s, service, name) },
		"ask": func(s *stack, service, name string) error {
			return handles().Ask(t.Context(), s, service, name, nil, nil)
		},
	}
	for _, c := range []struct{ service, name, legal, wrong string }{
		{"shop", Pause, "pull release", ""},
		{"etl", Deliver, "ask", ""},
		{"nobody", Pause, "", "no service nobody"},
		{"shop", "push", "", "legal levers are"},
		{"shop", Latency, "", "external.proxies"}, // this environment does not have it
		{"shop", Deliver, "", "lever of etl"},     // another service has it
		{"shop", PauseBroker, "ask", ""},          // every service may have it here
		{Crowd, Drift, "", "no service crowd"},    // no arm has it
	} {
		for path, do := range paths {
			var s stack
			err := do(&s, c.service, c.name)
			legal := strings.Contains(c.legal, path)
			if legal != (err == nil) || legal != (len(s.done) == 1) || err != nil && (!strings.Contains(err.Error(), c.wrong) || !strings.Contains(err.Error(), "arm full")) {
				t.Errorf("%s of %s at %s: %v, done %v", path, c.name, c.service, err, s.done)
			}
		}
	}
}

func TestSupports(t *testing.T) {
	for use, wrong := range map[string]string{
		At("decision", Pause): "", At(Crowd, Drift): "", At("etl", Deliver): "",
		At("decision", Kill): "decision/kill takes a container engine", At("store", Latency): "store/latency takes a proxy", At("etl", "pull"): "unknown lever",
		At("shop", Deliver): `deliver is a lever of etl, not of "shop"`, At("shop", PauseBroker): "",
	} {
		err := handles().Supports([]string{At("etl", Deliver), use})
		if (err != nil) != (wrong != "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v, want %q", use, err, wrong)
		}
	}
}
