package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

func TestIdenticalTables(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "identical-001-200us", identicalData(31, 8, 200*time.Microsecond, 0))
	put(t, dir, "identical-002-10pct", identicalData(2, 8, 190*time.Microsecond, 0.2)) // "same" is not: called different
	broken := identicalData(25, 8, 200*time.Microsecond, 0)
	for i := range broken.Slots {
		broken.Slots[i].Work.Failed = broken.Slots[i].Work.Sent // every request failed
	}
	put(t, dir, "identical-003-200us", broken)
	killed := identicalData(4, 8, 200*time.Microsecond, 0)
	killed.Run.Status = result.Running
	put(t, dir, "identical-004-200us", killed) // in no table
	put(t, dir, "identical-001-200us.partial-1", killed)

	text := runBench(t, "report", dir)
	if !strings.Contains(text, "## Identical code, real runs: 3\n") {
		t.Errorf("want three runs:\n%s", text)
	}
	for _, metric := range judgedMetrics() {
		got := row(t, text, same, metric)
		if got[2] != "1 of 3" || got[3] != "1 of 2" {
			t.Errorf("%s called different in %s, of the valid in %s: want 1 of 3 and 1 of 2", metric, got[2], got[3])
		}
		if got[8] != "2" || got[9] != "1" || got[10] != "0" {
			t.Errorf("%s: budget passed, failed, inconclusive %v: want 2, 1 and 0", metric, got[8:])
		}
		if !strings.HasPrefix(got[11], "+2") { // of three runs the one that costs 20 %
			t.Errorf("%s: nine of ten runs are below %s", metric, got[11])
		}
		if got := row(t, text, "baseline again", metric); !strings.HasSuffix(got[2], " of 3") || got[8] != markdown.None {
			t.Errorf("%s of the baseline again: %v", metric, got)
		}
	}
	for _, want := range []string{
		"pass 1, fail 1, inconclusive 0, invalid 1.", "identical-003-200us is invalid: errors: saw", "in no table: 1.",
		"2 cores, Example CPU, 7.75 GiB, linux 6.1.0 (amd64), go1.26.0, tollgate 0.1.0; 2026-01-02 15:04 UTC, measurements: 3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, metric := range judgedMetrics() { // "same" is 20 % dearer in one of three
		if got := row(t, text, "baseline again", metric, "0"); got[5] != "3" || got[6] != "9" || !strings.Contains(got[3], " [-") {
			t.Errorf("%s of the baseline again, over all runs: %v", metric, got)
		}
		if got := row(t, text, same, metric, "0"); !strings.HasPrefix(got[3], "+6.") && !strings.HasPrefix(got[3], "+7.") {
			t.Errorf("%s of the same, over all runs: %v", metric, got)
		}
	}
	got := row(t, text, "200 µs", "2", "+203 µs") // the fixture's gateway spins 3 µs longer than asked for
	if got[4] != "2 of 2" || got[6] != "2 of 2" || got[7] != "2 of 2" || got[10] != "0" || got[11] != "2" {
		t.Errorf("delay of 200 µs, which is clear against the noise: %v", got)
	}
	if got := row(t, text, "+10 %", "1", "+193 µs"); got[3] != "+9.8 %" && got[3] != "+9.9 %" && got[3] != "+10.0 %" {
		t.Errorf("delay of 193 µs over a p50 of about 1.95 ms is %s", got[3])
	}
}

func TestSlotTables(t *testing.T) {
	dir := t.TempDir()
	write := func(length time.Duration, seed int64, effect map[string]float64) {
		d := verdicttest.Build(verdicttest.Spec{
			Seed: seed, Launches: 3, Rounds: 8, PerSlot: 120, Delay: 200 * time.Microsecond, Effect: effect, RoundSD: 0.05, SlotSD: 0.01, LaunchSD: 0.002,
		})
		d.Run.Plan.Slot = length
		put(t, dir, "slots-"+length.String(), d)
	}
	write(500*time.Millisecond, 1, map[string]float64{"metrics": 0.05, "full": 0.15})
	write(2*time.Second, 2, map[string]float64{"metrics": 0.05, "full": 0.60})
	if err := os.WriteFile(filepath.Join(dir, "slots.cmd"), []byte("bench-verdict slots --load 2m\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text := runBench(t, "report", dir)
	if got := row(t, text, "full", "cpu", "500ms, 2s"); got[4] != "no" || !strings.HasPrefix(got[3], "+3") && !strings.HasPrefix(got[3], "+4") {
		t.Errorf("1.6 / 1.15 is +39 %%, and no agreement: %v", got)
	}
	if got := row(t, text, "metrics", "p50", "500ms, 2s"); got[4] != "yes" {
		t.Errorf("the same toll with both: %v", got)
	}
	if got := row(t, text, "full", "cpu"); !strings.HasPrefix(got[2], "+15") && !strings.HasPrefix(got[2], "+14") {
		t.Errorf("the toll of full is +15 %%: %v", got)
	}
	if got := row(t, text, "full", "bytes"); !strings.Contains(got[2], " MB [") || !strings.Contains(got[3], " MB [") {
		t.Errorf("the telemetry of full: %v", got)
	}
	for _, want := range []string{"```\nbench-verdict slots --load 2m\n```", "3 of 6 do not", "Slots of 2s: 3 launches of 8 rounds, 48s of load per arm"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestSideBySide(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "identical-001-200us", identicalData(1, 4, 200*time.Microsecond, 0))
	quick, slow := []float64{1, 2, 3, 4, 5, 6, 7, 8}, []float64{11, 12, 13, 14, 15, 16, 17, 18}
	write := func(name string, p50, p95 float64, again []float64) {
		u := &usualRun{Load: 24 * time.Second, Delay: "200us", Deployments: []deployment{
			{Name: usualA, Summary: summary{0.002, 0.004, 100}, Samples: quick},
			{Name: usualB, Summary: summary{p50, p95, 100}, Samples: again},
			{Name: usualC, Spun: 0.0002, Summary: summary{0.0025, 0.0041, 100}, Samples: slow},
		}}
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := u.write(path); err != nil {
			t.Fatal(err)
		}
	}
	write("usual-001", 0.00203, 0.0041, quick) // 1.5 % and 2.5 %: no alarm
	write("usual-002", 0.00199, 0.0043, slow)  // p95 is 7.5 % above
	write("usual-003", 0.00190, 0.0030, slow)  // faster is no alarm, but different
	if err := os.Mkdir(filepath.Join(dir, "usual-004"), 0o755); err != nil {
		t.Fatal(err) // begun
	}
	text := runBench(t, "report", dir)
	for first, want := range map[string][2]string{
		"runs":                               {"1", "3"},
		"load in one run":                    {"24 s", "72 s"},
		"identical code, p50: largest error": {"", "100 µs"},
		"identical code, p50: median error":  {"", "30 µs"},
		"identical code called slower":       {"0 of 1", "1 of 3"},
		"identical code called different":    {"0 of 1", "2 of 3"},
		"known delay, p50: median error":     {"", "300 µs"},
		"known delay, p95: largest error":    {"", "100 µs"},
		"recommend requests in one run":      {"6384", "300"},
		"of these invalid":                   {"0", "0"},
	} {
		got := row(t, text, first)
		if want[0] != "" && got[1] != want[0] || got[2] != want[1] {
			t.Errorf("%s: got %v, want %v", first, got[1:], want)
		}
	}
}

// TestUsualRunOfAnotherShape makes sure that a file of something else is refused and not judged.
func TestUsualRunOfAnotherShape(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "usual-001"), 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(usualRun{Deployments: []deployment{{Name: usualA}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "usual-001", usualFile), text, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := usualTables(dir); err == nil || !strings.Contains(err.Error(), "want 3 deployments, got 1") {
		t.Errorf("got %v", err)
	}
}
