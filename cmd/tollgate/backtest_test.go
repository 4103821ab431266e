package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/backtest/replaytest"
)

// replayable writes a run with series, and a file of other rules beside it.
func replayable(t *testing.T) (run, rules string) {
	t.Helper()
	dir := t.TempDir()
	run, rules = filepath.Join(dir, "run"), filepath.Join(dir, "mine.yaml")
	if err := replaytest.Write(run, replaytest.Options{}); err != nil {
		t.Fatal(err)
	}
	const text = `groups:
  - name: mine
    rules:
      - {alert: Late, expr: kafka_consumergroup_lag > 100, for: 5m}
      - {alert: Never, expr: kafka_consumergroup_lag > 1000}
`
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return run, rules
}

// carriedOut is what a command line prints; it must end with the code.
func carriedOut(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(context.Background(), args, nil, &out, &errs); got != code {
		t.Fatalf("%v: exit code %d, want %d: %s", args, got, code, errs.String())
	}
	return out.String(), errs.String()
}

// A backtest of the run's own rules says that nothing differs; one of others, and one of two files, say what does.
func TestBacktest(t *testing.T) {
	dir, rules := replayable(t)
	out, _ := carriedOut(t, 0, "backtest", dir)
	if !strings.Contains(out, "0 of 4 cells differ") || !strings.Contains(out, "✓ 1.2 s") || strings.Contains(out, "→ ✓") {
		t.Errorf("of its own rules:\n%s", out)
	}
	out, _ = carriedOut(t, 0, "backtest", dir, "--rules", rules, "--expect", "consumer-lag=Late")
	flat := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{"2 of 4 cells differ", "consumer-lag at full: recorded ✓ 1.2 s LagHigh / " + rules + " ✓ 5.", "never fired (1): Never"} {
		if !strings.Contains(flat, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, _ = carriedOut(t, 0, "backtest", dir, "--diff", rules, "--expect", "consumer-lag=Late,LagHigh")
	if flat := strings.Join(strings.Fields(out), " "); !strings.Contains(flat, "consumer-lag at off: replayed ✓ 1.2 s LagHigh / "+rules+" ✓ 5.") {
		t.Errorf("of two sets of rules:\n%s", out)
	}
	out, _ = carriedOut(t, 0, "backtest", dir, "--format", "json")
	var parsed struct{ First, Second struct{ Recorded bool } }
	if err := json.Unmarshal([]byte(out), &parsed); err != nil || !parsed.First.Recorded || parsed.Second.Recorded {
		t.Errorf("%v in\n%s", err, out)
	}
}

// Rules that look back for days are judged with history before the run, and the report says what it is made of and what rests on it.
func TestBacktestHistory(t *testing.T) {
	dir, _ := replayable(t)
	rules := filepath.Join(t.TempDir(), "long.yaml")
	const text = `groups:
  - name: long
    rules:
      - {alert: OftenLate, expr: 'avg_over_time(kafka_consumergroup_lag[3d]) > 0.5'}
      - {alert: Late, expr: 'kafka_consumergroup_lag > 100'}
`
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"backtest", dir, "--rules", rules, "--expect", "consumer-lag=OftenLate"}
	out, _ := carriedOut(t, 0, args...)
	if flat := strings.Join(strings.Fields(out), " "); !strings.Contains(flat, "cannot be judged as written: OftenLate (3d); --history") || strings.Contains(flat, "rests on") {
		t.Errorf("without history:\n%s", out)
	}
	out, _ = carriedOut(t, 0, append(args, "--history", "30d")...)
	flat := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{
		"synthetic history before the series: 30.0 days in the rules' own time, 12.0 h of the run",
		"history of off, full: drawn in stretches of 6.0 s from 21.0 s without a fault (21 min 0 s in the rules' own time, in 2 clean windows)",
		"what rests on synthetic history: cells that an alert decided which looked back to before the recorded series",
		"consumer-lag at off, detected: OftenLate",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, _ = carriedOut(t, 0, append(args, "--history", "30d", "--format", "json")...)
	var parsed struct {
		History struct {
			Length float64 `json:"length_seconds"`
			Alerts []string
		}
	}
	if err := json.Unmarshal([]byte(out), &parsed); err != nil || parsed.History.Length != 30*24*3600 || len(parsed.History.Alerts) != 1 {
		t.Errorf("%v, %+v in\n%s", err, parsed, out)
	}
}

// Another scrape interval is compared with the run's own on the same rules.
func TestBacktestScrape(t *testing.T) {
	dir, _ := replayable(t)
	out, _ := carriedOut(t, 0, "backtest", dir, "--scrape", "6m")
	flat := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{"every 30s: 3 alerting rules every 6m: 3 alerting rules", "every 30s → every 6m where they differ"} {
		if !strings.Contains(flat, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// Other sampling is told beside the rules, in every format.
func TestBacktestSampling(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := replaytest.Write(dir, replaytest.Options{Traces: true}); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"text", "markdown", "json"} {
		out, _ := carriedOut(t, 0, "backtest", dir, "--sampling", "ratio 10%", "--sampling", "tail errors,share=0.1", "--format", format)
		for _, want := range []string{"ratio 10%", "tail errors, share=0.1"} {
			if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
				t.Errorf("%s: no %q in\n%s", format, want, out)
			}
		}
	}
}

// Unit tests are written beside the report, and a directory that has something is left alone.
func TestBacktestPromtool(t *testing.T) {
	dir, rules := replayable(t)
	to := filepath.Join(t.TempDir(), "unit")
	args := []string{"backtest", dir, "--rules", rules, "--expect", "consumer-lag=Late", "--promtool", to}
	if _, errs := carriedOut(t, 0, args...); !strings.Contains(errs, "alerts that fire in one: 1; silence: the clean window of consumer-lag") {
		t.Errorf("stderr: %s", errs)
	}
	for _, name := range []string{"rules.yaml", "tests.yaml"} {
		if text, err := os.ReadFile(filepath.Join(to, name)); err != nil || !strings.Contains(string(text), "Late") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	if _, errs := carriedOut(t, exitUsage, args...); !strings.Contains(errs, "--promtool: "+to+" is not empty") {
		t.Errorf("stderr: %s", errs)
	}
}

// What cannot be evaluated is refused, before anything is, with what is legal.
func TestBacktestRefused(t *testing.T) {
	dir, rules := replayable(t)
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("groups:\n  - name: a\n    rules:\n      - alert: A\n        expr: sum(\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(t.TempDir(), "bare")
	if err := os.CopyFS(bare, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(bare, "series")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{dir + "-not"}, "is not a run directory"},
		{[]string{bare}, "has no series"},
		{[]string{dir, "--rules", broken}, broken + ": 5:"},
		{[]string{dir, "--diff", broken}, broken + ": 5:"},
		{[]string{dir, "--rules", rules, "--expect", "lag=Late"}, `the run has no fault "lag": legal are consumer-lag`},
		{[]string{dir, "--rules", rules, "--expect", "consumer-lag=Soon"}, "legal names are Late, Never"},
		{[]string{dir, "--expect", "consumer-lag=LagHigh"}, "--expect is for rules of your own"},
		{[]string{dir, "--history", "30 days"}, `--history: "30 days": want a duration in the rules' own time, such as 30d, 72h or 90m`},
		{[]string{dir, "--scrape", "45s"}, "--scrape: a scrape interval of 45s is none that the series can tell"},
		{[]string{dir, "--scrape", "1m", "--diff", rules}, "leave out --diff and --promtool"},
		{[]string{dir, "--sampling", "ratio 10"}, `--sampling "ratio 10": column 7: "10" has the share "10"`},
		{[]string{dir, "--sampling", "ratio 10%"}, "has no level that keeps all traces (its levels: off, full)"},
		{[]string{dir, "--logs", "some"}, `--logs: must be one of all, kept, got "some"`},
		{[]string{dir, "--logs", "kept"}, "--logs is for --sampling"},
		{[]string{dir, "--format", "csv"}, "use one of text, markdown, json"},
		{[]string{dir, "--promtool", filepath.Join(dir, "unit")}, "is in the run directory"},
		{[]string{}, "accepts 1 arg(s)"},
	} {
		out, errs := carriedOut(t, exitUsage, append([]string{"backtest"}, c.args...)...)
		if out != "" || !strings.Contains(strings.Join(strings.Fields(errs), " "), c.want) {
			t.Errorf("%v: stdout %q, stderr %q, want %q", c.args, out, errs, c.want)
		}
	}
}
