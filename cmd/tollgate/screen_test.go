package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"github.com/tollgate-dev/tollgate/reports"
)

// Everything that is printed for people keeps to the width that COLUMNS says: every listing, every text report, errors.
func TestTextFitsItsColumns(t *testing.T) {
	dir := unpack(t, "pr")
	lines := [][]string{
		{"report", dir}, {"gate", dir, "--budget", "p50 <= +500%"}, {"compare", dir, dir}, {"backends", "list"}, {"images", "list"}, {"doctor"},
		{"--help"}, {"run", "--help"}, {"help", "gate"}, {"run", "--levels", "loud"}, {"run", "--journeys", strings.Repeat("/nowhere", 20)}, {"report", "--format", "pdf", dir},
	}
	for _, l := range listings() {
		lines = append(lines, []string{"list", l.name})
	}
	for _, columns := range []int{20, 40, 80, 120} {
		t.Setenv("COLUMNS", strconv.Itoa(columns))
		for _, args := range lines {
			var stdout, stderr bytes.Buffer
			run(t.Context(), args, nil, &stdout, &stderr)
			if stdout.Len()+stderr.Len() == 0 {
				t.Errorf("%v prints nothing", args)
			}
			for line := range strings.Lines(stdout.String() + stderr.String()) {
				if n := (&runewidth.Condition{}).StringWidth(strings.TrimRight(line, "\n")); n > columns {
					t.Errorf("%d columns, %v: %d in %q", columns, args, n, line)
					break
				}
			}
		}
	}
}

// What is not for people is not broken.
func TestFilesDoNotDependOnTheScreen(t *testing.T) {
	dir := unpack(t, "pr")
	printed := func() []string {
		var out []string
		for _, f := range reports.All()[1:] {
			var stdout bytes.Buffer
			run(t.Context(), []string{"report", "--format", f.Name, dir}, nil, &stdout, discard{})
			out = append(out, stdout.String())
		}
		return out
	}
	wide := printed()
	t.Setenv("COLUMNS", "40")
	if !slices.Equal(wide, printed()) {
		t.Error("another format than text depends on COLUMNS")
	}
}

func TestBarsOnlyWhereTheyCanBeDrawn(t *testing.T) {
	for _, tt := range []struct {
		columns int
		env     map[string]string
		want    bool
	}{
		{120, map[string]string{"TERM": "xterm"}, true},
		{40, map[string]string{"TERM": "xterm"}, false},
		{120, map[string]string{"TERM": "dumb"}, false},
		{120, nil, false},
		{120, map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
		{120, map[string]string{"TERM": "xterm", "CI": "true"}, false},
	} {
		if got := drawable(tt.columns, func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%d columns, %v: %v", tt.columns, tt.env, got)
		}
	}
}
