package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/result"
)

// catalogueFile takes every fault through its phases, as briefly as they can be: this is about effects, not about alerts.
const catalogueFile = `profile: smoke
levels: [off, full]
faults: all
toll: {launches: 0}
catch: {rate: 40, settle: 5s, clean: 1s, hold: 1s, clear: 1s, quiet_limit: 0s, confirm_limit: 30s}
`

// TestCatalogueInProcesses: every fault of the catalogue has its effect at every level, and the effect is gone after the revert, all
// in one launch. What this environment cannot inject is said with the reason before anything starts.
func TestCatalogueInProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes")
	}
	binary, err := static()
	if err != nil {
		t.Fatal(err)
	}
	effects(t, binary, "process", catalogueFile, 28)
}

// effects runs an experiment and checks that all its faults are confirmed and reverted, least of them at the least.
func effects(t *testing.T, binary, environment, experiment string, least int) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	file := filepath.Join(t.TempDir(), "catalogue.yaml")
	if err := os.WriteFile(file, []byte(experiment), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, "run", "--env", environment, file, "--out", dir)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var meta result.Run
	text, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err == nil {
		err = json.Unmarshal(text, &meta)
	}
	if err != nil {
		t.Fatal(err)
	}
	injected := 0
	for _, f := range meta.Faults {
		switch {
		case f.Skipped == "":
			injected++
		case !strings.Contains(stderr.String(), f.Skipped):
			t.Errorf("%s is skipped, and the run did not say why: %s", f.ID, f.Skipped)
		default:
			t.Logf("%s: %s: %s", environment, f.ID, f.Skipped)
		}
	}
	if injected < least {
		t.Errorf("%d faults were injected of %d, want %d at the least", injected, len(faults.All()), least)
	}
	events, err := os.ReadFile(filepath.Join(dir, "faults.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range bytes.Lines(events) {
		var e result.FaultEvent
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		switch e.Phase {
		case result.PhaseUnconfirmed, result.PhaseStuck:
			t.Errorf("%s: %s at %s is %s: %s", environment, e.Fault, e.Arm, e.Phase, e.Detail)
		case result.PhaseConfirmed, result.PhaseReverted:
			seen[e.Fault+" "+e.Phase]++
		}
	}
	for _, f := range meta.Faults {
		for _, phase := range []string{result.PhaseConfirmed, result.PhaseReverted} {
			if n := seen[f.ID+" "+phase]; f.Skipped == "" && n < len(meta.Levels) {
				t.Errorf("%s: %s is %s at %d of %d levels", environment, f.ID, phase, n, len(meta.Levels))
			}
		}
	}
	return dir
}
