package main

import (
	"bytes"
	"regexp"
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
		{"report", dir}, {"report", "-v", dir}, {"gate", dir, "--budget", "p50 <= +500%"}, {"gate", "-v", dir, "--budget", "p50 <= +500%"}, {"compare", dir, dir}, {"backends", "list"}, {"images", "list"}, {"doctor"},
		{"--help"}, {"run", "--help"}, {"help", "gate"}, {"run", "--levels", "loud"}, {"run", "--journeys", strings.Repeat("/nowhere", 20)}, {"report", "--format", "pdf", dir},
	}
	for _, l := range listings() {
		lines = append(lines, []string{"list", l.name})
	}
	for _, columns := range []int{20, 40, 60, 80, 100, 120} {
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

// The report is one screen, and in full where that is asked for; only a terminal has colours, and they change no letter.
func TestReportOnATerminal(t *testing.T) {
	dir := unpack(t, "pr")
	printed := func(args ...string) string {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(args, dir), nil, &stdout, &stderr); code != exitPass {
			t.Fatalf("%v: exit code %d: %s", args, code, stderr.String())
		}
		return stdout.String()
	}
	short, full := printed("report"), printed("report", "--format", "text", "--verbose")
	if strings.Count(short, "\n") > 45 || !strings.Contains(strings.Join(strings.Fields(short), " "), "tollgate report -v "+dir) || !strings.Contains(full, "\ncontrols\n") {
		t.Errorf("one screen:\n%s\nin full:\n%s", short, full)
	}
	if strings.Contains(short+full, "\x1b") {
		t.Error("colours in what is not a terminal")
	}
	var coloured bytes.Buffer
	if n, err := inColours(&coloured).Write([]byte(short)); err != nil || n != len(short) {
		t.Errorf("%d of %d bytes, %v", n, len(short), err)
	}
	bare := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured.String(), "")
	if bare != short || coloured.String() == short {
		t.Errorf("with colours:\n%q", coloured.String())
	}
}

func TestColoursOnlyWhereTheyAreWanted(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"TERM": "xterm"}, true},
		{map[string]string{"TERM": "dumb"}, false},
		{nil, false},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
	} {
		if got := colourful(func(name string) string { return tt.env[name] }); got != tt.want {
			t.Errorf("%v: %v", tt.env, got)
		}
	}
}

// A log has one line of what is known between two launches.
func TestLinesTellTheTollSoFar(t *testing.T) {
	var log bytes.Buffer
	newProgress(&log).Tell("the toll so far", []string{"metrics p50 +3 % ±2", "full p50 +12 % ±3"})
	if got := log.String(); !strings.HasSuffix(got, "] the toll so far: metrics p50 +3 % ±2; full p50 +12 % ±3\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("%q", got)
	}
}
