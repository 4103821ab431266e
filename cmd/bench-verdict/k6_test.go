package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestParseSummary(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "{", "k6 summary: unexpected end"},
		{"nothing answered", `{"metrics":{"perso_req_duration":{"med":1,"p(95)":2,"count":3}}}`, "no metric perso_req_duration{step:recommend}"},
		{"other trend stats", `{"metrics":{"perso_req_duration{step:recommend}":{"med":1,"p(90)":2,"count":3}}}`, "lacks one of med,p(95),count"},
	} {
		if _, err := parseSummary([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want … %s …", c.name, err, c.want)
		}
	}
	text := `{"metrics":{"vus":{"value":3},"perso_req_duration":{"med":2.6,"p(95)":23.7,"count":1376},
		"perso_req_duration{step:recommend}":{"med":7.5,"p(95)":38.25,"count":473,"thresholds":{"p(95)<250":false}}}}`
	got, err := parseSummary([]byte(text))
	if want := (summary{0.0075, 0.03825, 473}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestParseSamples(t *testing.T) {
	const header = "metric_name,timestamp,metric_value,check,extra_tags,metadata\n"
	text := header +
		"perso_req_duration,1795473562,5.1,,step=login&channel=web,\n" +
		"perso_req_duration,1795473562,4.5,,channel=web&step=recommend,\n" +
		"perso_req_lag,1795473562,0.1,,channel=web&step=recommend,\n" +
		"http_reqs,1795473562,1,,,\n" +
		"perso_req_duration,1795473563,3.5,,step=recommend&channel=app,\n"
	got, err := parseSamples(strings.NewReader(text))
	if want := []float64{0.0045, 0.0035}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":       {"", "EOF"},
		"no tags":     {"metric_name,metric_value\n", "no column extra_tags"},
		"short row":   {header + "perso_req_duration,1\n", "wrong number of fields"},
		"no number":   {header + "perso_req_duration,1,x,,step=recommend,\n", "invalid syntax"},
		"broken tags": {header + "perso_req_duration,1,2,,%zz,\n", "tags"},
	} {
		if _, err := parseSamples(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want … %s …", name, err, c.want)
		}
	}
}

// TestMannWhitney: two samples of five that do not overlap have U = 0, so z = 12.5 / √(25·11/12) = 2.611 and p = 0.009023.
func TestMannWhitney(t *testing.T) {
	one, five := []float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}
	if p := mannWhitney(one, five); math.Abs(p-0.009023) > 1e-6 {
		t.Errorf("apart: p = %.6f, want 0.009023", p)
	}
	if p := mannWhitney(one, one); math.Abs(p-1) > 1e-9 {
		t.Errorf("the same values: p = %g, want 1", p)
	}
	if p := mannWhitney([]float64{1, 1}, []float64{1, 1}); !math.IsNaN(p) {
		t.Errorf("nothing but ties: p = %g, want NaN", p)
	}
	if p := mannWhitney(nil, one); !math.IsNaN(p) {
		t.Errorf("no values: p = %g, want NaN", p)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	small := 0
	const tests = 2000
	for range tests { // for identical distributions, with ties, p is uniform
		var a, b []float64
		for range 50 {
			a, b = append(a, float64(rng.IntN(20))), append(b, float64(rng.IntN(20)))
		}
		if mannWhitney(a, b) < 0.05 {
			small++
		}
	}
	if share := float64(small) / tests; share < 0.035 || share > 0.065 {
		t.Errorf("p < 0.05 in %.3f of tests of identical distributions", share)
	}
}
