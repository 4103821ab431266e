package stack

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/artefact"
)

// swapped are two columns with many users and different tastes.
var swapped = [2]string{artefact.Column(featureAge, "25-34"), artefact.Column(featureAge, "45-59")}

// TestWhatFaultyArtefactsDo: click-through is clearly lower with each of them, and no ranking is so unsure that default content
// is shown in its place.
func TestWhatFaultyArtefactsDo(t *testing.T) {
	for _, seed := range []int64{1, 2, 42} {
		pop := population.New(seed, 1000, 200)
		releases := train(pop, seed)
		through := func(a artefact.Model) (clicks, spread float64) {
			m, err := load(pop.Items(), a)
			if err != nil {
				t.Fatal(err)
			}
			least := 1.0
			for i := range pop.Users() {
				answer := rankFor(m, pop.User(i), "a")
				least = min(least, answer.Confidence)
				spread = max(spread, answer.spread)
			}
			if least < confidenceLeast {
				t.Errorf("seed %d: %s: a ranking has confidence %.3f", seed, a.Version, least)
			}
			return clickThrough(pop, population.Drift{}, func(u population.User) []string { return rankFor(m, u, "a").Items }), spread
		}
		healthy, wide := through(releases.newest())
		older, _ := through(releases[0])
		swap, _ := through(releases.newest().Swapped(swapped[0], swapped[1])) // as feature-order-swap does
		flat, none := through(releases.newest().Flat())
		t.Logf("seed %d: newest %.3f (spread %.3f), older %.3f, swapped %.3f, flat %.3f", seed, healthy, wide, older, swap, flat)
		if older > 0.95*healthy || swap > 0.9*healthy || flat > 0.8*healthy {
			t.Errorf("seed %d: older %.3f, swapped %.3f, flat %.3f of %.3f", seed, older, swap, flat, healthy)
		}
		if none != 0 || wide < 0.1 {
			t.Errorf("seed %d: spread %.3f, and %.3f where scores are constant", seed, wide, none)
		}
	}
}

// TestArtefactIsADocument: what is written and read back makes the same ranker; what is not whole is refused.
func TestArtefactIsADocument(t *testing.T) {
	pop := population.New(1, 100, 40)
	a := train(pop, 1).newest()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > bodyLimit/4 {
		t.Errorf("the artefact has %d bytes", len(text))
	}
	var back artefact.Model
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	one, err1 := load(pop.Items(), a)
	two, err2 := load(pop.Items(), back)
	if err1 != nil || err2 != nil || !reflect.DeepEqual(one, two) {
		t.Errorf("another ranker, or %v, %v", err1, err2)
	}
	for name, spoil := range map[string]func(*artefact.Model){
		"no version": func(a *artefact.Model) { a.Version = "" }, "no positions": func(a *artefact.Model) { a.Positions = nil },
		"few weights": func(a *artefact.Model) { a.Weights = a.Weights[1:] }, "no gold": func(a *artefact.Model) { a.Columns[7] = "tier=tin" },
		"short row": func(a *artefact.Model) { a.Weights[0] = a.Weights[0][1:] },
	} {
		var spoilt artefact.Model
		if err := json.Unmarshal(text, &spoilt); err != nil {
			t.Fatal(err)
		}
		spoil(&spoilt)
		if _, err := load(pop.Items(), spoilt); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

// TestModelIsLoadedAndHealed: the lever has its effect, and none after the release, after the end of the lease, and when it was
// refused.
func TestModelIsLoadedAndHealed(t *testing.T) {
	o := observe(t, func(_ string, cfg *Config) { cfg.Debug = true })
	try := func() (s artefact.Served) {
		o.must("POST", "model", "/control/try-model", struct{}{}, &s)
		return s
	}
	read := func(release int) (a artefact.Model) {
		o.must("POST", "model", "/control/read-model", map[string]int{"release": release}, &a)
		return a
	}
	healthy := try()
	if healthy.Release != 2 || healthy.Encoder != healthy.Schema || healthy.Changed != 0 || healthy.Spread == 0 || healthy.Ranked == 0 {
		t.Fatalf("at the start: %+v", healthy)
	}
	older, newest := read(1), read(0)
	if older.Version == newest.Version || !strings.HasPrefix(older.Version, "lr-11.1-") || newest.Version != healthy.Version {
		t.Errorf("older %s, newest %s", older.Version, newest.Version)
	}
	o.must("POST", "gateway", "/v1/login", loginRequest{Session: "s1", User: "u3", Channel: "web"}, nil)
	for range 2 { // the second one is a renewal
		o.must("PUT", "model", "/control/load-model?lease=1m", older, nil)
	}
	if s := try(); s.Release != 1 || s.Changed == 0 || o.recommend("s1", "").ModelVersion != older.Version {
		t.Errorf("older artefact: %+v", s)
	}
	o.hasLogs("perso.model.release", "1", 1) // a renewal loads nothing
	o.must("PUT", "model", "/control/load-model?lease=1m", newest.Flat(), nil)
	if s := try(); s.Spread != 0 || s.Version != newest.Version {
		t.Errorf("flat artefact: %+v", s)
	}
	o.recommend("s1", "")
	eventually.True(t, "a span with constant scores", func() bool {
		for _, s := range o.spans.GetSpans() {
			if attr(s.Attributes, "perso.model.score.constant") == "true" {
				return true
			}
		}
		return false
	})
	o.must("DELETE", "model", "/control/load-model", nil, nil)
	if s := try(); s != healthy {
		t.Errorf("after the release: %+v", s)
	}
	swap := newest.Swapped(swapped[0], swapped[1])
	o.must("PUT", "model", "/control/load-model?lease=1m", swap, nil)
	if s := try(); s.Encoder != artefact.Hash(swap.Columns) || s.Schema != healthy.Schema || s.Changed == 0 {
		t.Errorf("swapped columns: %+v", s)
	}
	o.recommend("s1", "")
	o.hasLogs("perso.features.encoder", artefact.Hash(swap.Columns), 1)
	o.must("PUT", "model", "/control/load-model?lease=50ms", swap, nil)
	eventually.True(t, "the lease ends", func() bool { return try() == healthy })
	broken := artefact.Model{Version: "x"}
	if status, _ := o.call("PUT", "model", "/control/load-model?lease=1m", broken, nil); status != 400 || try() != healthy {
		t.Errorf("an artefact that is not whole: status %d, %+v", status, try())
	}
	if status, _ := o.call("POST", "model", "/control/read-model", map[string]int{"release": 3}, nil); status != 400 {
		t.Errorf("a release that there is not: status %d", status)
	}
}

// hasLogs waits until so many log records have an attribute, and fails if there are more.
func (o *observed) hasLogs(key, value string, n int) {
	o.t.Helper()
	eventually.True(o.t, "log records with "+key, func() bool { return len(o.logs.with(key, value)) >= n })
	if got := len(o.logs.with(key, value)); got != n {
		o.t.Errorf("%d log records have %s=%s, want %d", got, key, value, n)
	}
}

func TestTopItems(t *testing.T) {
	top := topItems{counts: map[string]int{}}
	for range topLeast - 1 {
		top.add("i1")
	}
	if _, ok := top.share(); ok {
		t.Error("reported too early")
	}
	for i := range 2 * topWindow {
		top.add([]string{"i1", "i2", "i3", "i2"}[i%4])
	}
	if share, ok := top.share(); !ok || share != 0.5 || len(top.counts) != 3 {
		t.Errorf("share %g, %t, counts %v", share, ok, top.counts)
	}
}
