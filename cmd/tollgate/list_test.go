package main

import (
	"slices"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/containers"
	"github.com/tollgate-dev/tollgate/testenv/external"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/process"
)

// TestLevers: every lever of the table exists in some environment, and no environment has a lever that is not in the table.
func TestLevers(t *testing.T) {
	had := slices.Concat(process.Levers(), containers.Levers(), external.Levers())
	for _, l := range lever.All() {
		if !slices.Contains(had, l.Name) {
			t.Errorf("no environment has %s", l.Name)
		}
	}
	for _, name := range had {
		if _, err := lever.Lookup(name); err != nil {
			t.Error(err)
		}
	}
}
