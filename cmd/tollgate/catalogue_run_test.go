package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// catalogueFile takes faults through their phases, as briefly as they can be: this is about effects, not about alerts.
const catalogueFile = `profile: smoke
levels: [full]
faults: [%s]
toll: {launches: 0}
catch: {rate: 40, settle: 5s, clean: 1s, hold: 1s, clear: 1s, quiet_limit: 0s, confirm_limit: 40s}
`

// TestCatalogueInProcesses: every fault of the catalogue has its effect, and the effect is gone after the revert; TestParity has those that
// are not here. What this environment cannot inject is said with the reason before anything starts. Half of the faults are in one launch, since two tests run at the same
// time on two cores: a third launch would wait for the first two.
func TestCatalogueInProcesses(t *testing.T) {
	t.Parallel()
	binary, err := static()
	if err != nil {
		t.Fatal(err)
	}
	const launches = 2
	var groups [launches][]string
	often := map[string]string{ // these are so rare that a test would wait for them
		"model-tail-latency": "share: 0.3", "rare-journey-error": "share: 1",
	}
	left := slices.DeleteFunc(faults.All(), func(f faults.Fault) bool {
		return slices.ContainsFunc(parityFaults, func(entry string) bool { return strings.Contains(entry, f.ID) })
	})
	for i, f := range left {
		entry := f.ID
		if params := often[f.ID]; params != "" {
			entry = "{id: " + f.ID + ", " + params + "}"
		}
		groups[i%launches] = append(groups[i%launches], entry)
	}
	var injected atomic.Int64
	t.Run("launch", func(t *testing.T) {
		for i, group := range groups {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				_, n := effects(t, binary, "process", fmt.Sprintf(catalogueFile, strings.Join(group, ", ")))
				injected.Add(int64(n))
			})
		}
	})
	if n, least := injected.Load(), int64(len(left)-1); len(left) != len(faults.All())-len(parityFaults) || n < least {
		t.Errorf("%d of %d faults were injected, want %d at the least", n, len(left), least)
	}
}

// effects runs an experiment and checks that all its faults are confirmed and reverted at its richest level. It returns the run's directory and how many were
// injected.
func effects(t *testing.T, binary, environment, experiment string) (dir string, injected int) {
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
	events, err := os.ReadFile(filepath.Join(dir, "faults.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	richest := meta.Levels[len(meta.Levels)-1].Name // leaner levels may have nothing that a fault could take away
	seen := map[string]bool{}
	for line := range bytes.Lines(events) {
		var e result.FaultEvent
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Phase == result.PhaseStuck, e.Phase == result.PhaseUnconfirmed && e.Arm == richest:
			t.Errorf("%s: %s at %s is %s: %s", environment, e.Fault, e.Arm, e.Phase, e.Detail)
		case e.Arm == richest:
			seen[e.Fault+" "+e.Phase] = true
		}
	}
	for _, f := range meta.Faults {
		for _, phase := range []string{result.PhaseConfirmed, result.PhaseReverted} {
			if f.Skipped == "" && !seen[f.ID+" "+phase] {
				t.Errorf("%s: %s is not %s at %s", environment, f.ID, phase, richest)
			}
		}
	}
	return dir, injected
}
