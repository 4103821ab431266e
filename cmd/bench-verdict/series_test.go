package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// fakeTollgate is a program that records its arguments, copies a run directory from elsewhere, and ends with a given exit code.
func fakeTollgate(t *testing.T, run, code string) (binary, calls string) {
	t.Helper()
	dir := t.TempDir()
	binary, calls = filepath.Join(dir, "tollgate"), filepath.Join(dir, "calls")
	script := "#!/bin/sh\necho \"$@\" >>" + calls + "\nwhile [ $# -gt 1 ]; do [ \"$1\" = --out ] && out=$2; shift; done\n" +
		"[ -n \"$out\" ] || out=$1\ncp -r " + run + " \"$out\"\nexit " + code + "\n"
	if err := os.WriteFile(binary, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return binary, calls
}

// made reads the arguments of the calls of a fake tollgate.
func made(t *testing.T, calls string) []string {
	t.Helper()
	text, err := os.ReadFile(calls)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		names = append(names, filepath.Base(strings.TrimSpace(line)))
	}
	return names
}

func TestSeriesGoesOn(t *testing.T) {
	source := t.TempDir()
	put(t, source, "run", identicalData(1, 3, 100*time.Microsecond, 0))
	binary, calls := fakeTollgate(t, filepath.Join(source, "run"), "3")

	dir := t.TempDir()
	put(t, dir, "identical-001-100us", identicalData(2, 3, 100*time.Microsecond, 0)) // kept
	killed := identicalData(3, 3, 100*time.Microsecond, 0)
	killed.Run.Status = result.Running
	put(t, dir, "identical-002-10pct", killed) // put aside and made again
	args := []string{"identical", "--runs", "3", "--delays", "100us,10%", "--tollgate", binary, "--out", dir}
	text := runBench(t, args...)
	if got := strings.Join(made(t, calls), " "); got != "identical-002-10pct identical-003-100us" {
		t.Errorf("made %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "identical-002-10pct.partial-1", result.RunFile)); err != nil {
		t.Errorf("what was killed is gone: %v", err)
	}
	experiment, err := os.ReadFile(filepath.Join(dir, "identical-002-10pct.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"seed: 2\n", "faults: []\n", `{name: same, title: the baseline under another name, env: {OTEL_SDK_DISABLED: "true"}}`, "known_delay: 19", `levels: ["off", {`} {
		if !strings.Contains(string(experiment), want) { // a tenth of a p50 of about 1.95 ms
			t.Errorf("no %q in\n%s", want, experiment)
		}
	}
	if !strings.Contains(text, "bench-verdict identical --runs 3 --delays 100us,10% --tollgate") {
		t.Errorf("the command is not in\n%s", text)
	}

	again := &bench{args, io.Discard, io.Discard} // everything is there
	cycle, err1 := parseDelays("100us,10%")
	size, err2 := defaultSize()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := again.identicalRuns(t.Context(), binary, dir, 3, cycle, size, "process"); err != nil {
		t.Fatal(err)
	}
	if got := made(t, calls); len(got) != 2 {
		t.Errorf("complete runs were made again: %v", got)
	}
	if lines, err := commands(dir, "identical"); err != nil || len(lines) != 1 {
		t.Errorf("the same command is recorded as %q, %v", lines, err)
	}
}

func TestSeriesEndsWithAnError(t *testing.T) {
	source := t.TempDir()
	partial := identicalData(1, 3, 100*time.Microsecond, 0)
	partial.Run.Status = result.Partial
	put(t, source, "run", partial)
	for code, want := range map[string]string{"1": "exit code 1: see", "3": "was not measured to its end"} {
		binary, calls := fakeTollgate(t, filepath.Join(source, "run"), code)
		var stdout, stderr bytes.Buffer
		got := run(t.Context(), []string{"identical", "--runs", "2", "--tollgate", binary, "--out", t.TempDir()}, &stdout, &stderr)
		if got != 1 || !strings.Contains(stderr.String(), want) || len(made(t, calls)) != 1 {
			t.Errorf("tollgate with exit code %s: %d, %q, want … %s …", code, got, stderr.String(), want)
		}
	}
}

func TestSeriesIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	binary := filepath.Join(t.TempDir(), "tollgate")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\nread line\n"), 0o755); err != nil { // never ends by itself
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	got := run(ctx, []string{"identical", "--runs", "2", "--tollgate", binary, "--out", t.TempDir()}, &stdout, &stderr)
	if got != 1 || !strings.Contains(stderr.String(), "goes on from there") {
		t.Errorf("%d: %s", got, stderr.String())
	}
}

func TestRefused(t *testing.T) {
	binary, _ := fakeTollgate(t, t.TempDir(), "0")
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"run `make build`":                 {"identical", "--tollgate", filepath.Join(dir, "none")},
		"from 1 to 999, got 0":             {"identical", "--runs", "0", "--tollgate", binary},
		"the first must be a time":         {"identical", "--delays", "5%,25us", "--tollgate", binary},
		`"5us": want whole microseconds`:   {"identical", "--delays", "5us", "--tollgate", binary},
		`"0%": want per cent`:              {"usual", "--delays", "25us,0%", "--tollgate", binary},
		"toll.rounds must be from 1":       {"identical", "--rounds", "0", "--tollgate", binary},
		"is no multiple of 3 launches":     {"slots", "--load", "50s", "--tollgate", binary},
		"2s is listed twice":               {"slots", "--lengths", "2s,2s", "--tollgate", binary},
		"--load must be from 1s to 1h":     {"usual", "--load", "10ms", "--tollgate", binary},
		"--rate must be from":              {"usual", "--rate", "1", "--tollgate", binary},
		"must be from 2 to 8, got 1":       {"copies", "--copies", "1", "--tollgate", binary},
		"must be from 2 to 8, got 99":      {"copies", "--copies", "99", "--tollgate", binary},
		`unknown level "nonsense"`:         {"copies", "--level", "nonsense", "--tollgate", binary},
		"process or containers, got \"ex":  {"identical", "--environment", "external", "--tollgate", binary},
		"process or containers, got \"no":  {"slots", "--environment", "nonsense", "--tollgate", binary},
		"process or containers, got \"m":   {"copies", "--environment", "moon", "--tollgate", binary},
		"holds nothing that was measured":  {"report", dir},
		"--runs must be from 10":           {"simulate", "--runs", "1"},
		"unknown flag: --nonsense":         {"simulate", "--nonsense"},
		"want slots, slices, resolve, eq":  {"simulate", "--part", "nonsense"},
		`unknown command "everything" for`: {"everything"},
	} {
		if args[0] != "report" && args[0] != "simulate" && args[0] != "everything" {
			args = append(args, "--out", dir)
		}
		refused(t, dir, want, args...)
	}
}

func TestDelay(t *testing.T) {
	all, err := parseDelays(defaultDelays)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range all {
		names = append(names, d.String())
		if again, ok := parseSlug(d.slug()); !ok || again != d {
			t.Errorf("%v is written %s and read as %v", d, d.slug(), again)
		}
	}
	if got, want := strings.Join(names, ", "), "25 µs, 50 µs, 100 µs, 200 µs, +2 %, +5 %, +10 %"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if spin, err := (delay{share: 0.05}).of(0.002); err != nil || spin != 100*time.Microsecond {
		t.Errorf("5 %% of 2 ms: %v, %v", spin, err)
	}
	if _, err := (delay{share: 0.02}).of(0.0002); err == nil || !strings.Contains(err.Error(), "4µs: it must be from 10µs") {
		t.Errorf("2 %% of 0.2 ms: %v", err)
	}
}
