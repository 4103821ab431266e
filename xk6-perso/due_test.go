package perso

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/executor"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// TestArrivals: iterations begin at times in ms, with an arrival due every 10 ms; want is how late each is, in ms.
func TestArrivals(t *testing.T) {
	for _, c := range []struct {
		name         string
		share        journey.Share
		begins, want []int
	}{
		{"in time", journey.Share{}, []int{0, 10, 20, 30}, []int{0, 0, 0, 0}},
		{"a bit late each", journey.Share{}, []int{1, 12, 23}, []int{1, 2, 3}},
		// k6 stood still from 10 to 40 ms: the iterations of 10, 20, 30 and 40 begin together, and are late by 30, 20, 10 and 0 together.
		{"k6 was late", journey.Share{}, []int{0, 40, 40, 40, 40, 50}, []int{0, 0, 10, 20, 30, 0}},
		{"dropped from 10 to 30: the next one is in time", journey.Share{}, []int{0, 40, 50}, []int{0, 0, 0}},
		{"dropped, and then late", journey.Share{}, []int{0, 50, 51, 60}, []int{0, 0, 11, 0}},
		{"before the first arrival, by the clock's rounding", journey.Share{}, []int{-1, 10}, []int{0, 0}},
		{"more than are due", journey.Share{}, []int{0, 1, 2}, []int{0, 0, 0}},
		// Every third arrival, from the second on: 10, 40, 70 ms.
		{"a share", journey.Share{Of: 3, Own: []int{1}}, []int{12, 41, 75, 100}, []int{2, 1, 5, 0}},
	} {
		start := time.Now()
		a := &arrivals{start: start, period: 10 * time.Millisecond, share: c.share}
		var got []int
		for _, ms := range c.begins {
			now := start.Add(time.Duration(ms) * time.Millisecond)
			got = append(got, int(now.Sub(a.due(now)).Milliseconds()))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: late by %v, want %v", c.name, got, c.want)
		}
	}
}

// TestArrivalsAreBounded: with every other arrival dropped, memory does not grow for ever.
func TestArrivalsAreBounded(t *testing.T) {
	a := &arrivals{start: time.Now(), period: time.Millisecond}
	for n := 0; n < 10*mostStretches; n += 2 {
		now := a.start.Add(time.Duration(n) * time.Millisecond)
		if late := now.Sub(a.due(now)); late != 0 {
			t.Fatalf("iteration %d is late by %v", n, late)
		}
	}
	if len(a.spare) > mostStretches {
		t.Errorf("%d stretches are remembered, want %d at most", len(a.spare), mostStretches)
	}
}

// TestDue: the first journey or visit of an iteration counts from when k6 had it due, unless the script says that the iteration does
// something else first. The scenario began 2.003 s ago, with an arrival every second, so an iteration that begins now is 3 ms late.
func TestDue(t *testing.T) {
	const late, slow = 3.0, 900.0 // ms: less than slow is the test's own time, more would be a part of a period
	for _, c := range []struct {
		name, code string
		want       []float64 // least lag of the first requests, ms
	}{
		{"journey", `perso.journey({source: crowd, target: '%s', thinkScale: 0})`, []float64{late}},
		{"visit", `const v = perso.visit({source: crowd, target: '%s'}); v.recommend(); v.impression()`, []float64{late, 0}},
		{"not first", `perso.visit({source: crowd, target: '%s', arrival: false}).recommend()`, []float64{0}},
		{"second of an iteration", `for (let i = 0; i < 2; i++) perso.visit({source: crowd, target: '%s'}).recommend()`, []float64{late, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := journeytest.New(t, population.New(1, 50, 20))
			s := newScript(t, t.TempDir(), nil)
			s.js(t, `const crowd = perso.population({users: 50, items: 20})`)
			s.start()
			config := executor.NewConstantArrivalRateConfig("shop")
			config.Rate.Int64, config.Rate.Valid = 1, true
			state := s.VU.StateField
			state.Options.Scenarios = lib.ScenarioConfigs{"shop": config}
			begun := time.Now().Add(-2003 * time.Millisecond)
			s.VU.CtxField = lib.WithScenarioState(s.VU.CtxField, &lib.ScenarioState{Name: "shop", StartTime: begun})
			s.js(t, `{`+fmt.Sprintf(c.code, g.URL)+`}`)
			lags, _ := s.values("perso_req_lag")
			if len(lags) < len(c.want) {
				t.Fatalf("%d lags, want %d or more", len(lags), len(c.want))
			}
			for k, want := range c.want {
				if lags[k] < want || lags[k] > slow || want == 0 && lags[k] >= late {
					t.Errorf("request %d is late by %v ms, want %v or somewhat more", k, lags[k], want)
				}
			}
		})
	}
}
