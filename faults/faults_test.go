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

	"github.com/tollgate-dev/tollgate/internal/core/population"
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
		for feeling, sign := range f.Signs {
			if !slices.Contains(Feelings(), feeling) || sign < -1 || sign > 1 {
				t.Errorf("%s: sign %q: %d: want -1, 0 or 1 for one of %v", f.ID, feeling, sign, Feelings())
			}
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
	lost    int64 // of 100 slates
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
func (s *site) Broken(string) (broken, shown int64)          { return s.lost, 100 }
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
		{"profile-attribute-coerced", answering(lever.Audit, `{"users":1000,"matching":480}`), true, false},
		{"profile-attribute-coerced", answering(lever.Audit, `{"users":1000,"matching":100}`), false, false},
		{"profile-attribute-coerced", answering(lever.Audit, `{"users":1000}`), false, true},
		{"profile-attribute-coerced", site{}, false, false},
		{"profile-schema-rename", answering(lever.Audit, `{"users":1000,"missing":480,"unknown":480}`), true, false},
		{"profile-schema-rename", answering(lever.Audit, `{"users":1000,"missing":480}`), false, true}, // missing, and under no other name
		{"profile-schema-rename", answering(lever.Audit, `{"users":1000}`), false, true},
		{"profile-schema-rename", site{}, false, false},
		{"profile-stale", answering(lever.Audit, `{"users":1000,"age_ms":2500}`), true, false},
		{"profile-stale", answering(lever.Audit, `{"users":1000,"age_ms":1500}`), false, false},
		{"profile-stale", answering(lever.Audit, `{"users":1000,"age_ms":60}`), false, true},
		{"profile-stale", site{}, false, false},
		{"content-missing", answering(lever.Audit, `{"items":104,"unlisted":96}`), true, false},
		{"content-missing", answering(lever.Audit, `{"items":190,"unlisted":10}`), false, false},
		{"content-missing", answering(lever.Audit, `{"items":200}`), false, true},
		{"content-missing", site{}, false, false},
		{"consent-flag-flip", answering(lever.Audit, `{"users":1000,"matching":380}`), true, false},
		{"consent-flag-flip", answering(lever.Audit, `{"users":1000,"matching":100}`), false, false},
		{"consent-flag-flip", answering(lever.Audit, `{"users":1000}`), false, true},
		{"consent-flag-flip", site{}, false, false},
		{"pii-in-logs", answering(lever.Audit, `{"users":1000,"matching":48}`), true, false},
		{"pii-in-logs", answering(lever.Audit, `{"users":1000,"matching":10}`), false, false},
		{"pii-in-logs", answering(lever.Audit, `{"users":1000}`), false, true},
		{"pii-in-logs", site{}, false, false},
		{"model-drift", site{arrived: []int64{30, 40, 5, 3, 2}}, true, false},
		{"model-drift", site{arrived: []int64{5, 5, 0, 0, 0}}, false, false}, // too few to tell
		{"model-drift", site{arrived: []int64{16, 24, 24, 22, 14}}, false, true},
		{"model-wrong-version", answering(lever.TryModel, `{"release":1,"changed":0.6,"ranked":15,"spread":0.2}`), true, false},
		{"model-wrong-version", answering(lever.TryModel, `{"release":2,"changed":0,"ranked":15,"spread":0.2}`), false, true},
		{"model-wrong-version", answering(lever.TryModel, `{"release":2,"changed":0.6,"ranked":15}`), false, false}, // another fault's
		{"model-score-collapse", answering(lever.TryModel, `{"release":2,"changed":1,"ranked":15,"spread":0}`), true, false},
		{"model-score-collapse", answering(lever.TryModel, `{"release":2,"changed":0,"ranked":15,"spread":0.2}`), false, true},
		{"model-score-collapse", site{}, false, false},
		{"feature-order-swap", answering(lever.TryModel, `{"schema":"a","encoder":"b","changed":0.4,"ranked":15}`), true, false},
		{"feature-order-swap", answering(lever.TryModel, `{"schema":"a","encoder":"b","changed":0,"ranked":15}`), false, false}, // without effect
		{"feature-order-swap", answering(lever.TryModel, `{"schema":"a","encoder":"a","changed":0,"ranked":15}`), false, true},
		{"consumer-lag", site{lag: map[int32]int64{0: 80, 1: 30}}, true, false},
		{"consumer-lag", site{lag: map[int32]int64{0: 40, 1: 30}}, false, false},
		{"consumer-lag", site{lag: map[int32]int64{0: 1}}, false, true},
		{"poison-message", answering(lever.PoisonRecord, `{"sent":true,"offset":40,"committed":40,"lag":9}`), true, false},
		{"poison-message", answering(lever.PoisonRecord, `{"sent":true,"offset":40,"committed":40,"lag":1}`), false, false}, // nothing waits yet
		{"poison-message", answering(lever.PoisonRecord, `{"sent":true,"offset":40,"committed":38,"lag":9}`), false, false}, // it has not come so far
		{"poison-message", answering(lever.PoisonRecord, `{"sent":true,"offset":40,"committed":41,"lag":9}`), false, true},
		{"poison-message", site{}, false, false},
		{"hot-partition", answering(lever.AskEvents, `{"records":1600,"flooded":1500}`), true, false},
		{"hot-partition", answering(lever.AskEvents, `{"records":60,"flooded":9}`), false, false}, // what is left of it
		{"hot-partition", answering(lever.AskEvents, `{"records":60}`), false, true},
		{"hot-partition", answering(lever.AskEvents, `{}`), false, false}, // no events at all
		{"broker-pause", answering(lever.AskBroker, `{"answers":false}`), true, false},
		{"broker-pause", answering(lever.AskBroker, `{"answers":true}`), false, true},
		{"event-time-skew", answering(lever.AskEvents, `{"records":60,"age":{"app":899,"web":0}}`), true, false},
		{"event-time-skew", answering(lever.AskEvents, `{"records":60,"age":{"app":200,"web":0}}`), false, false}, // some are from before
		{"event-time-skew", answering(lever.AskEvents, `{"records":60,"age":{"app":0.2,"web":899}}`), false, true},
		{"event-time-skew", answering(lever.AskEvents, `{"records":60,"age":{"web":0}}`), false, false}, // nobody is in the app
		{"consumer-stopped", answering(lever.AskGroup, `{"members":0,"state":"Empty"}`), true, false},
		{"consumer-stopped", answering(lever.AskGroup, `{"members":1,"state":"PreparingRebalance"}`), false, false},
		{"consumer-stopped", answering(lever.AskGroup, `{"members":1,"state":"Stable"}`), false, true},
		{"topic-empty", answering(lever.AskEvents, `{"records":0}`), true, false},
		{"topic-empty", answering(lever.AskEvents, `{"records":7}`), false, true},
		{"event-duplicates", answering(lever.AskEvents, `{"records":60,"clicks":20,"duplicates":10}`), true, false},
		{"event-duplicates", answering(lever.AskEvents, `{"records":60,"clicks":20,"duplicates":1}`), false, false},
		{"event-duplicates", answering(lever.AskEvents, `{"records":60,"clicks":20}`), false, true},
		{"event-duplicates", answering(lever.AskEvents, `{"records":2,"clicks":2}`), false, false}, // too few to tell
		{"service-pause", site{silent: true}, true, false},
		{"service-pause", site{}, false, true},
		{"identity-split", site{lost: 42}, true, false},
		{"identity-split", site{lost: 15}, false, false}, // journeys from before
		{"identity-split", site{lost: 1}, false, true},
		{"sample-ratio-mismatch", answering(lever.CountVariants, `{"a":5500,"b":4500}`), true, false},
		{"sample-ratio-mismatch", answering(lever.CountVariants, `{"a":5200,"b":4800}`), false, false},
		{"sample-ratio-mismatch", answering(lever.CountVariants, `{"a":5040,"b":4960}`), false, true},
		{"sample-ratio-mismatch", site{}, false, false},
		{"cpu-throttle", answering(lever.Stalls, `{"ran_ms":20,"stood_ms":350}`), true, false},
		{"cpu-throttle", answering(lever.Stalls, `{"ran_ms":20,"stood_ms":10}`), false, false}, // a busy machine
		{"cpu-throttle", answering(lever.Stalls, `{"ran_ms":20,"stood_ms":0}`), false, true},
		{"cpu-throttle", site{}, false, false},
		{"memory-squeeze", answering(lever.Uptime, `{"seconds":1.5}`), true, true}, // it was started again, and answers
		{"memory-squeeze", answering(lever.Uptime, `{"seconds":60}`), false, true},
		{"memory-squeeze", site{silent: true}, false, false},
		{"dependency-slow", answering(lever.Latency, `{"latency_ms":500}`), true, false},
		{"dependency-slow", answering(lever.Latency, `{"latency_ms":100}`), false, false}, // the delay of somebody else, or half of ours
		{"dependency-slow", site{}, false, true},
		{"collector-down", site{}, true, false},
		{"collector-down", answering(lever.AskCollector, `{"answers":true}`), false, true},
		{"collector-drop", answering(lever.AskCollector, `{"answers":true,"data_points":500,"stored":300,"dropped":200}`), true, false},
		{"collector-drop", answering(lever.AskCollector, `{"answers":true,"data_points":500,"stored":500}`), false, true},
		{"collector-drop", site{}, false, false}, // it starts again
		{"log-lag", answering(lever.AskCollector, `{"answers":true,"log_records":10,"log_age":3}`), true, false},
		{"log-lag", answering(lever.AskCollector, `{"answers":true,"log_records":10,"log_age":0.5}`), false, true},
		{"log-lag: hold=1s", answering(lever.AskCollector, `{"answers":true,"log_records":10,"log_age":0.5}`), true, false},
		{"cardinality-explosion", answering(lever.AskSeries, `{"ever":250,"fresh":250}`), true, false},
		{"cardinality-explosion", answering(lever.AskSeries, `{"ever":5,"fresh":5}`), false, false},
		{"cardinality-explosion", answering(lever.AskSeries, `{"ever":250,"fresh":0}`), false, true},
		{"series-vanish", answering(lever.AskSeries, `{"ever":12,"fresh":0}`), true, false},
		{"series-vanish", answering(lever.AskSeries, `{"ever":12,"fresh":12}`), false, true},
		{"series-vanish", site{}, false, true}, // a level without metrics
		{"alert-route-mute", answering(lever.AskNotified, `{"silences":1,"suppressed":4}`), true, false},
		{"alert-route-mute", answering(lever.AskNotified, `{"silences":1}`), false, false}, // nothing has fired yet
		{"alert-route-mute", site{}, false, true},
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
		if strings.HasSuffix(file, "_test.go") || file == "faults.go" || file == "links.go" || file == "params.go" || file == "theirs.go" || file == "upstream.go" {
			continue
		}
		id := strings.ReplaceAll(strings.TrimSuffix(file, ".go"), "_", "-")
		if _, err := Lookup(id); err != nil {
			t.Errorf("%s is no entry: %v", file, err)
		}
	}
}
