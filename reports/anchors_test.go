package reports

import (
	"slices"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// TestAnchors: the places have the names that people would write, and no two of them are one.
func TestAnchors(t *testing.T) {
	lag, odd := result.Fault{ID: "consumer-lag"}, result.Fault{ID: "a b\"</a>"}
	m := &catch.Matrix{Levels: []string{"off", "traces-10", "計測", "計測", "off-2", "off"}, Faults: []catch.Row{
		{Fault: lag}, {Fault: lag, Pass: 1}, {Fault: result.Fault{ID: "consumer-lag-2"}}, {Fault: odd},
		{Fault: result.Fault{ID: "log-lag", Skipped: "no lever"}},
	}}
	got := anchorsOf(m)
	if want := []string{"catch/consumer-lag", "catch/consumer-lag-2", "catch/consumer-lag-2-2", "catch/a-b-a", "catch/log-lag"}; !slices.Equal(got.faults, want) {
		t.Errorf("faults are at %q, want %q", got.faults, want)
	}
	if got := got.cells[0][1]; got != "catch/consumer-lag/traces-10" {
		t.Errorf("the cell is at %q", got)
	}
	seen := map[string]bool{}
	for i, fault := range got.faults {
		for _, anchor := range append([]string{fault}, got.cells[i]...) {
			if seen[anchor] && anchor != "catch/log-lag" {
				t.Errorf("%q stands for two places", anchor)
			}
			seen[anchor] = true
		}
	}
	if skipped := got.cells[4]; !slices.Equal(slices.Compact(skipped), []string{"catch/log-lag"}) {
		t.Errorf("the cells of a fault that was skipped are at %q", skipped)
	}
}
