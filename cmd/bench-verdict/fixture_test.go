package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// identicalData returns a run of identical code: off, its repetition, a known delay, and same, which costs the given share.
func identicalData(seed int64, rounds int, delay time.Duration, cost float64) *result.Data {
	d := verdicttest.Build(verdicttest.Spec{
		Seed: seed, Launches: 3, Rounds: rounds, PerSlot: 120, Delay: delay, Effect: map[string]float64{"metrics": cost},
		RoundSD: 0.05, SlotSD: 0.01, LaunchSD: 0.002,
	})
	keep := func(arm string) bool { return arm != "logs" && arm != "full" }
	d.Run.Arms = slices.DeleteFunc(d.Run.Arms, func(a result.Arm) bool { return !keep(a.Name) })
	d.Slots = slices.DeleteFunc(d.Slots, func(s result.Slot) bool { return !keep(s.Arm) })
	d.Latency = slices.DeleteFunc(d.Latency, func(l result.Interval) bool { return !keep(l.Arm) })
	d.Volumes = nil // of other arms, and nothing here is about them
	d.Run.Levels = d.Run.Levels[:2]
	d.Run.Levels[1].Name = same
	for i := range d.Run.Arms {
		if d.Run.Arms[i].Name == "metrics" {
			d.Run.Arms[i].Name, d.Run.Arms[i].Level = same, same
		}
	}
	for i := range d.Slots {
		if d.Slots[i].Arm == "metrics" {
			d.Slots[i].Arm, d.Slots[i].Work.Arm = same, same
		}
		if d.Slots[i].Before == "metrics" {
			d.Slots[i].Before = same
		}
	}
	for i := range d.Latency {
		if d.Latency[i].Arm == "metrics" {
			d.Latency[i].Arm = same
		}
	}
	return d
}

// put writes a run directory.
func put(t *testing.T, dir, name string, d *result.Data) {
	t.Helper()
	if err := verdicttest.Write(filepath.Join(dir, name), d); err != nil {
		t.Fatal(err)
	}
}

// runBench runs a command line and returns its stdout; the test ends if it fails.
func runBench(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, code, stderr.String())
	}
	return stdout.String()
}

// refused runs a command line that must be refused with a message, and write nothing below dir.
func refused(t *testing.T, dir, want string, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), args, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), want) {
		t.Errorf("%v: exit code %d, %q, want 1 and … %s …", args, code, stderr.String(), want)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v left %v behind (%v)", args, left, err)
	}
}

// row returns the cells of the first row, of a markdown table, that begins with the given cells.
func row(t *testing.T, text string, begins ...string) []string {
	t.Helper()
	prefix := "| " + strings.Join(begins, " | ") + " |"
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			return strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		}
	}
	t.Fatalf("no row %q in\n%s", prefix, text)
	return nil
}
