package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheNextRunSweepsTheLastOne: a killed run leaves the directory of its launch in its run directory, whose lock nobody holds.
func TestTheNextRunSweepsTheLastOne(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	runs := t.TempDir()
	left := func(dir string) string { return filepath.Join(runs, dir, "tollgate-launch-1") }
	for _, dir := range []string{"killed", "not-a-run"} {
		if err := os.MkdirAll(left(dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(left(dir), ".tollgate-lock"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(runs, "killed", "run.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	(&app{stderr: &said}).sweepScratch(placesOfRuns(filepath.Join(runs, "next"))...)
	if _, err := os.Stat(left("killed")); err == nil || !strings.Contains(said.String(), "had left: 1") {
		t.Errorf("%s is still there: %s", left("killed"), said.String())
	}
	if _, err := os.Stat(left("not-a-run")); err != nil {
		t.Errorf("what is in no run directory was touched: %v", err)
	}
	if _, err := os.Stat(filepath.Join(runs, "killed", "run.json")); err != nil {
		t.Error(err)
	}
}
