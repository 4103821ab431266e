package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// copiedData is a run whose arm "same" has the configuration of off, and allocates more by a share.
func copiedData(more float64) *result.Data {
	d := identicalData(1, 8, 200*time.Microsecond, 0)
	d.Run.Levels[1].Env = d.Run.Levels[0].Env
	for i, s := range d.Slots {
		if s.Arm != same {
			continue
		}
		for service, r := range s.Runtime {
			r.AllocBytes = int64(float64(r.AllocBytes) * (1 + more))
			d.Slots[i].Runtime[service] = r
		}
	}
	return d
}

// TestCopies: arms with one configuration are told by it, whatever their names; one that spins for its requests is none of them; and
// the spread is that among the copies of a launch.
func TestCopies(t *testing.T) {
	dir, source := t.TempDir(), t.TempDir()
	put(t, source, "run", copiedData(0.02))
	binary, calls := fakeTollgate(t, filepath.Join(source, "run"), "3")
	text := runBench(t, "copies", "--level", "off", "--copies", "2", "--tollgate", binary, "--out", dir)
	if got := strings.Join(made(t, calls), " "); got != "copies-off" {
		t.Errorf("made %q", got)
	}
	// Two copies are equal and one is 2 % above: the standard deviation is ln 1.02/√3.
	got := row(t, text, "off", "allocs")
	if got[3] != "1.14 %" || got[4] != "2.00 %" || got[5] != "3" || got[6] != "3" {
		t.Errorf("allocations: %v", got)
	}
	if got := row(t, text, "off", "alloc-objects"); got[3] != "0.00 %" || got[4] != "0.00 %" {
		t.Errorf("objects, of which all have the same: %v", got)
	}
	if strings.Contains(text, "| spans |") {
		t.Errorf("spans, of which off has none:\n%s", text)
	}
	if again := runBench(t, "report", dir); again != text {
		t.Errorf("the report is not what was printed:\n%s\n%s", again, text)
	}
	put(t, dir, "identical-001-200us", copiedData(0))
	if got := row(t, runBench(t, "report", dir), "off", "allocs"); got[4] != "0.00 %" { // the first table is that of the series
		t.Errorf("copies of a series of identical code: %v", got)
	}
}
