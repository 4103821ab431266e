package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestNoiseTable: what is printed of a machine without moods is the luck of the requests, as theory has it, at every length, and the
// budgets are those that half of it allows; one with moods is worse at long turns.
func TestNoiseTable(t *testing.T) {
	const spread = 0.3 // standard deviation of the logarithm of a latency
	blocks := func(moods float64) [][]float64 {
		rng := rand.New(rand.NewPCG(3, 4))
		out, mood := make([][]float64, 1200), 0.0
		for i := range out {
			if i%20 == 0 {
				mood = moods * rng.NormFloat64()
			}
			for range 4 {
				out[i] = append(out[i], math.Exp(mood+spread*rng.NormFloat64()))
			}
		}
		return out
	}
	printed := func(blocks [][]float64) (rows map[string][]float64, text string) {
		var stdout bytes.Buffer
		if err := (&app{stdout: &stdout}).noiseTable(blocks, 240, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		rows = map[string][]float64{}
		for _, m := range regexp.MustCompile(`(?m)^(\S+) +±(\S+) % +(\S+) times +±(\S+) % +(\S+) times`).FindAllStringSubmatch(stdout.String(), -1) {
			for _, x := range m[2:] {
				number, err := strconv.ParseFloat(x, 64)
				if err != nil {
					t.Fatal(err)
				}
				rows[m[1]] = append(rows[m[1]], number)
			}
		}
		return rows, stdout.String()
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if got < 0.8*want || got > 1.2*want {
			t.Errorf("%s: %.2f, want about %.2f", what, got, want)
		}
	}
	// 10 s of load are 200 blocks of 4 requests. The standard error of a quantile is √(q(1−q)/n) over the density.
	const n = 800
	mid := 196 * math.Sqrt2 * math.Sqrt(0.25/n) / (0.3989 / spread)
	tail := 196 * math.Sqrt2 * math.Sqrt(0.95*0.05/n) / (0.1031 / spread)
	rows, text := printed(blocks(0))
	if len(rows) != len(alternations()) {
		t.Fatalf("rows %v of\n%s", rows, text)
	}
	for _, every := range []string{"50ms", "100ms", "500ms"} {
		near(every+" at p50", rows[every][0], mid)
		near(every+" at p95", rows[every][2], tail)
	}
	budgets := regexp.MustCompile(`alternate every 100ms: .*\n.* of \+(\S+) % at p50, or of \+(\S+) % at p95`).FindStringSubmatch(text)
	if budgets == nil {
		t.Fatalf("no budgets in\n%s", text)
	}
	for i, want := range []float64{mid, tail} {
		got, err := strconv.ParseFloat(budgets[i+1], 64)
		if err != nil {
			t.Fatal(err)
		}
		near("budget", got, want/2*3.24/1.96)
	}
	moody, text := printed(blocks(0.3))
	if moody["1s"][1] < 1.5*moody["50ms"][1] || moody["1s"][0] < 2*rows["1s"][0] {
		t.Errorf("a machine whose speed changes every second:\n%s", text)
	}
}
