package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/scratch"
)

// sweepScratch removes the temporary directories that killed processes have left in these directories. It says what it could not
// remove, which keeps nobody from going on.
func (a *app) sweepScratch(in ...string) {
	removed, err := scratch.Sweep(in...)
	if len(removed) > 0 {
		fmt.Fprintf(a.stderr, "removed temporary directories that killed processes had left: %d\n", len(removed))
	}
	if err != nil {
		fmt.Fprintf(a.stderr, "tollgate: warning: what killed processes have left cannot be removed: %v\n", err)
	}
}

// placesOfRuns are the directories in which a run, or an earlier one beside it, keeps temporary files.
func placesOfRuns(out string) []string {
	places := []string{os.TempDir()}
	entries, _ := os.ReadDir(filepath.Dir(out)) // none, before the first run
	for _, entry := range entries {
		dir := filepath.Join(filepath.Dir(out), entry.Name())
		if _, err := os.Stat(filepath.Join(dir, result.RunFile)); err == nil {
			places = append(places, dir)
		}
	}
	return places
}
