package faults

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

func TestCatalogueIsComplete(t *testing.T) {
	id := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[string]bool{}
	for _, f := range All() {
		if !id.MatchString(f.ID) || seen[f.ID] {
			t.Errorf("id %q is not kebab-case, or not unique", f.ID)
		}
		seen[f.ID] = true
		if _, err := os.Stat(strings.ReplaceAll(f.ID, "-", "_") + ".go"); err != nil {
			t.Errorf("%s: its file: %v", f.ID, err)
		}
		if !slices.Contains(Groups(), f.Group) || f.Title == "" || f.Felt == "" || f.Least == "" || f.Runbook == "" || f.Inject == nil || f.Probe == nil {
			t.Errorf("%s: a field is empty", f.ID)
		}
		if f.ID != "none" && len(f.Expect) == 0 {
			t.Errorf("%s: no alert is expected", f.ID)
		}
		for _, alert := range f.Allow {
			if slices.Contains(f.Expect, alert) {
				t.Errorf("%s: %s is both expected and allowed", f.ID, alert)
			}
		}
	}
	if All()[0].ID != "none" {
		t.Error("none must come first")
	}
}

func TestLookupListsTheLegalNames(t *testing.T) {
	_, err := Lookup("consumer-leg")
	if err == nil {
		t.Fatal("no error")
	}
	for _, f := range All() {
		if !strings.Contains(err.Error(), f.ID) {
			t.Errorf("%q does not name %s", err, f.ID)
		}
	}
}

// site is an arm that remembers what is in force, and a crowd.
type site struct {
	pulled  map[string]any
	lag     map[int32]int64
	drift   population.Drift
	arrived []int64
	silent  bool
	answers map[string]string // JSON, by lever
	broken  error
	used    []string
}

func (s *site) Name() string { return "full" }

func (s *site) Pull(_ context.Context, service, name string, params any, lease time.Duration) error {
	if lease != Lease {
		return errors.New("a lever without the catalogue's lease")
	}
	s.pulled[lever.At(service, name)] = params
	s.used = append(s.used, lever.At(service, name))
	return s.broken
}

func (s *site) Release(_ context.Context, service, name string) error {
	delete(s.pulled, lever.At(service, name))
	return s.broken
}

func (s *site) Ask(_ context.Context, service, name string, _, out any) error {
	s.used = append(s.used, lever.At(service, name))
	if s.broken == nil && out != nil {
		return json.Unmarshal([]byte(cmp.Or(s.answers[name], "{}")), out)
	}
	return s.broken
}

// answering is an arm that answers one question.
func answering(name, json string) site { return site{answers: map[string]string{name: json}} }

func (s *site) Lag(context.Context) (map[int32]int64, error) { return s.lag, s.broken }
func (s *site) Arrived(string) ([]int64, time.Time)          { return s.arrived, time.Time{} }
func (s *site) Answers(context.Context, string) (bool, error) {
	return !s.silent, s.broken
}

func (s *site) SetDrift(d population.Drift) {
	s.drift = d
	s.used = append(s.used, lever.At(lever.Crowd, lever.Drift))
}

// TestLeversAreWhatIsPulled: an entry pulls and asks exactly the levers that it names, and the table of levers has them.
func TestLeversAreWhatIsPulled(t *testing.T) {
	for _, f := range All() {
		s := &site{pulled: map[string]any{}}
		in, err := f.Inject(t.Context(), f.At(s, s, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Probe(t.Context(), f.At(s, s, "")); err != nil {
			t.Fatal(err)
		}
		if err := in.Heal(t.Context()); err != nil {
			t.Fatal(err)
		}
		used, says := slices.Clone(s.used), f.Uses("")
		slices.Sort(used)
		slices.Sort(says)
		if used = slices.Compact(used); !slices.Equal(used, says) {
			t.Errorf("%s uses %v and says %v", f.ID, used, says)
		}
		for _, name := range f.Levers {
			l, err := lever.Lookup(name)
			if err != nil {
				t.Errorf("%s: %v", f.ID, err)
			}
			if l.Service == "" && f.Service == "" {
				t.Errorf("%s pulls %s at no service", f.ID, name)
			}
		}
	}
}

// TestServiceOfTheExperiment: the experiment may name another service than the entry does.
func TestServiceOfTheExperiment(t *testing.T) {
	f, err := Lookup("service-pause")
	if err != nil {
		t.Fatal(err)
	}
	s := &site{pulled: map[string]any{}}
	if _, err := f.Inject(t.Context(), f.At(s, s, "shop")); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.pulled[lever.At("shop", lever.Pause)]; !ok {
		t.Errorf("in force: %v", s.pulled)
	}
}

// TestEveryFaultHeals checks for each entry that healing undoes everything and may be repeated.
func TestEveryFaultHeals(t *testing.T) {
	for _, f := range All() {
		t.Run(f.ID, func(t *testing.T) {
			s := &site{pulled: map[string]any{}}
			in, err := f.Inject(t.Context(), f.At(s, s, ""))
			if err != nil {
				t.Fatal(err)
			}
			if f.ID != "none" && len(s.pulled) == 0 && s.drift == (population.Drift{}) {
				t.Error("injecting changed nothing")
			}
			if len(s.pulled) > 0 && in.Renew == nil {
				t.Error("a lever that is not renewed")
			}
			for range 2 {
				if err := in.Heal(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if len(s.pulled) > 0 || s.drift != (population.Drift{}) {
				t.Errorf("healed, and yet in force: %v %v", s.pulled, s.drift)
			}
		})
	}
}

// TestEveryFaultHealsWhatItHalfInjected: if the injection fails halfway, it still returns the heal.
func TestEveryFaultHealsWhatItHalfInjected(t *testing.T) {
	for _, f := range All() {
		s := &site{pulled: map[string]any{}, broken: errors.New("no answer")}
		if in, _ := f.Inject(t.Context(), f.At(s, s, "")); in.Heal == nil {
			t.Errorf("%s: an injection that fails has no heal", f.ID)
		}
	}
}

func TestProbes(t *testing.T) {
	tests := []struct {
		fault         string
		site          site
		present, gone bool
	}{
		{"none", site{}, true, true},
		{"profile-attribute-missing", answering(lever.Audit, `{"users":1000,"missing":500}`), true, false},
		{"profile-attribute-missing", answering(lever.Audit, `{"users":1000,"missing":150}`), false, false}, // neither: being delivered
		{"profile-attribute-missing", answering(lever.Audit, `{"users":1000}`), false, true},
		{"profile-attribute-missing", site{}, false, false}, // an empty store tells nothing
		{"model-drift", site{arrived: []int64{30, 40, 5, 3, 2}}, true, false},
		{"model-drift", site{arrived: []int64{5, 5, 0, 0, 0}}, false, false}, // too few to tell
		{"model-drift", site{arrived: []int64{16, 24, 24, 22, 14}}, false, true},
		{"consumer-lag", site{lag: map[int32]int64{0: 80, 1: 30}}, true, false},
		{"consumer-lag", site{lag: map[int32]int64{0: 40, 1: 30}}, false, false},
		{"consumer-lag", site{lag: map[int32]int64{0: 1}}, false, true},
		{"service-pause", site{silent: true}, true, false},
		{"service-pause", site{}, false, true},
		{"dependency-slow", answering(lever.Latency, `{"latency_ms":500}`), true, false},
		{"dependency-slow", answering(lever.Latency, `{"latency_ms":100}`), false, false}, // the delay of somebody else, or half of ours
		{"dependency-slow", site{}, false, true},
		{"known-delay", answering(lever.RoundTrip, `{"direct_ms":0.1,"through_ms":20.4,"added_ms":20.3}`), true, false},
		{"known-delay", answering(lever.RoundTrip, `{"direct_ms":0.1,"through_ms":10,"added_ms":9.9}`), false, false}, // not what was asked for
		{"known-delay", answering(lever.RoundTrip, `{"direct_ms":0.1,"through_ms":0.2,"added_ms":0.1}`), false, true},
		{"known-delay", site{}, false, false}, // nothing was measured
		{"profile-store-slow", answering(lever.RoundTrip, `{"direct_ms":0.1,"through_ms":100.4,"added_ms":100.3}`), true, false},
		{"profile-store-slow", answering(lever.RoundTrip, `{"direct_ms":0.1,"through_ms":0.2,"added_ms":0.1}`), false, true},
		{"model-tail-latency", answering(lever.DelayRequests, `{"in_force":true,"seen":100,"taken":2}`), true, false},
		{"model-tail-latency", answering(lever.DelayRequests, `{"in_force":true,"seen":10}`), false, false}, // none was held up yet
		{"model-tail-latency", site{}, false, true},
		{"retry-storm", answering(lever.ResetRequests, `{"in_force":true,"seen":10,"taken":3}`), true, false},
		{"retry-storm", site{}, false, true},
		{"cache-bypass", answering(lever.SetHeader, `{"in_force":true,"seen":10,"taken":10}`), true, false},
		{"cache-bypass", site{}, false, true},
		{"n-plus-one", answering(lever.PageSize, `{"items":1,"partial":4}`), true, false},
		{"n-plus-one", answering(lever.PageSize, `{"items":1}`), false, false}, // nobody asked for more than a page
		{"n-plus-one", answering(lever.PageSize, `{"items":20,"partial":4}`), false, true},
		{"trace-context-loss", answering(lever.StripHeader, `{"in_force":true,"seen":10,"taken":10}`), true, false},
		{"trace-context-loss", site{}, false, true},
		{"rare-journey-error", answering(lever.FailRequests, `{"in_force":true,"seen":10,"taken":1}`), true, false},
		{"rare-journey-error", answering(lever.FailRequests, `{"in_force":true,"seen":10}`), false, false}, // nobody met it
		{"rare-journey-error", site{}, false, true},
	}
	for _, tt := range tests {
		f, err := Lookup(tt.fault)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Probe(t.Context(), f.At(&tt.site, &tt.site, ""))
		if err != nil {
			t.Fatal(err)
		}
		if got.Present != tt.present || got.Gone != tt.gone {
			t.Errorf("%s: %s: present %t, gone %t; want %t, %t", tt.fault, got.Detail, got.Present, got.Gone, tt.present, tt.gone)
		}
	}
}

func TestFilesAreEntries(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "faults.go" || file == "links.go" || file == "params.go" {
			continue
		}
		id := strings.ReplaceAll(strings.TrimSuffix(file, ".go"), "_", "-")
		if _, err := Lookup(id); err != nil {
			t.Errorf("%s is no entry: %v", file, err)
		}
	}
}
