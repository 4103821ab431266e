package faults

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// theirs are the faults that are another in a system of the user's own, as they are there.
func theirs(t *testing.T) []Fault {
	t.Helper()
	var all []Fault
	for _, f := range All() {
		if f.Theirs != nil {
			all = append(all, f.InTheirs())
		}
	}
	if len(all) < 5 {
		t.Fatalf("only %d faults are another there", len(all))
	}
	return all
}

// TestTheirsAreWhole: every lever is pulled at the service that the experiment names, as the entry says, and healed.
func TestTheirsAreWhole(t *testing.T) {
	for _, f := range theirs(t) {
		if f.Title == "" || f.Felt == "" || strings.Contains(f.Title+f.Felt, "{") {
			t.Errorf("%s: title %q, felt %q", f.ID, f.Title, f.Felt)
		}
		s := &site{pulled: map[string]any{}}
		in, err := f.Inject(t.Context(), f.At(s, s, "shop"))
		if err != nil {
			t.Fatal(err)
		}
		if len(s.pulled) == 0 || in.Renew == nil {
			t.Errorf("%s: injecting pulled %v, and the renewal is there: %t", f.ID, s.pulled, in.Renew != nil)
		}
		if err := in.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Probe(t.Context(), f.At(s, s, "shop")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := in.Heal(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.pulled) > 0 {
			t.Errorf("%s: healed, and yet in force: %v", f.ID, s.pulled)
		}
		used, says := slices.Clone(s.used), f.Uses("shop")
		slices.Sort(used)
		slices.Sort(says)
		if used = slices.Compact(used); !slices.Equal(used, says) {
			t.Errorf("%s uses %v and says %v", f.ID, used, says)
		}
		for _, use := range says {
			if service, _ := lever.Split(use); service != "shop" {
				t.Errorf("%s uses %s, which nobody named", f.ID, use)
			}
		}
		broken := &site{pulled: map[string]any{}, broken: errors.New("no answer")}
		if in, err := f.Inject(t.Context(), f.At(broken, broken, "shop")); err == nil || in.Heal == nil {
			t.Errorf("%s: an injection that fails has no heal, or no error", f.ID)
		}
	}
}

func TestTheirProbes(t *testing.T) {
	for _, c := range []struct {
		fault         string
		site          site
		present, gone bool
	}{
		{"consumer-stopped", site{silent: true}, true, false},
		{"consumer-stopped", site{}, false, true},
		{"broker-pause", answering(lever.AskBroker, `{"answers":false}`), true, false},
		{"broker-pause", answering(lever.AskBroker, `{"answers":true}`), false, true},
		{"collector-down", answering(lever.AskCollector, `{"answers":false}`), true, false},
		{"collector-down", answering(lever.AskCollector, `{"answers":true}`), false, true},
		{"retry-storm: share=0.3", answering(lever.Reset, `{"share":0.30000001192092896}`), true, false},
		{"retry-storm: share=0.3", answering(lever.Reset, `{"share":0.1}`), false, false}, // somebody else's
		{"retry-storm", site{}, false, true},
		{"memory-squeeze", answering(lever.Uptime, `{"seconds":1.5}`), true, true},
		{"memory-squeeze", answering(lever.Uptime, `{"seconds":60}`), false, true},
		{"memory-squeeze", site{silent: true, answers: map[string]string{lever.Uptime: `{"seconds":1}`}}, true, false}, // too little to start
	} {
		f, err := Lookup(c.fault)
		if err != nil {
			t.Fatal(err)
		}
		f = f.InTheirs()
		got, err := f.Probe(t.Context(), f.At(&c.site, &c.site, "shop"))
		if err != nil {
			t.Fatal(err)
		}
		if got.Present != c.present || got.Gone != c.gone {
			t.Errorf("%s: %s: present %t, gone %t; want %t, %t", c.fault, got.Detail, got.Present, got.Gone, c.present, c.gone)
		}
	}
}

// TestTheirsClaimNothingOfOurStack: no attribute of our own is looked for in another system.
func TestTheirsClaimNothingOfOurStack(t *testing.T) {
	for _, f := range theirs(t) {
		if f.Evidence == nil {
			continue
		}
		for key := range f.Evidence.Match {
			if strings.HasPrefix(key, "perso.") || key == "url.template" {
				t.Errorf("%s: evidence %s", f.ID, f.Evidence)
			}
		}
	}
}
