package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// writeSeries writes made-up runs of successive nights and returns their directory: full costs 12 % in the first nine and 19 % in the six
// after them, from a new version on; the last two are of another kernel.
func writeSeries(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for night := range 17 {
		writeNight(t, dir, night)
	}
	return dir
}

func writeNight(t *testing.T, dir string, night int) {
	t.Helper()
	s := verdicttest.Default(int64(100 + night))
	s.Launches, s.Rounds, s.Catch = 2, 10, false
	s.Effect["full"] = 0.12
	if night >= 9 {
		s.Effect["full"] = 0.19
	}
	d := verdicttest.Build(s)
	d.Run.Started = verdicttest.Started.AddDate(0, 0, night)
	d.Run.Ended = d.Run.Started.Add(4 * time.Minute)
	d.Run.ID = d.Run.Started.Format("20060102-150405") + "-pr"
	d.Run.Budgets = []string{"full: p50 <= +15%"}
	if night >= 9 {
		d.Run.Tool.Version = "0.2.0"
	}
	if night >= 15 {
		d.Run.Machine.Kernel = "6.8.0"
	}
	if err := verdicttest.Write(filepath.Join(dir, d.Run.ID), d); err != nil {
		t.Fatal(err)
	}
}

// command carries out a command line, which must end with a code.
func command(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(context.Background(), args, nil, &out, &errs); got != code {
		t.Fatalf("%v: exit code %d, want %d: %s", args, got, code, errs.String())
	}
	return out.String(), errs.String()
}

// The run in which a level became dearer is found, in directories and in reports alike, and the new kernel is kept apart.
func TestSinceCommand(t *testing.T) {
	dir := writeSeries(t)
	reportsDir := t.TempDir()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, run := range all {
		text, _ := command(t, exitPass, "report", "--format", "json", run)
		if err := os.WriteFile(filepath.Join(reportsDir, fmt.Sprintf("%02d.json", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	type found struct {
		Runs  []struct{ Setting int }
		Lines []struct {
			Level, Metric string
			Stretches     []struct {
				Setting int
				Since   string
				Runs    int
				Change  *struct{ Lo, Hi float64 }
			}
		}
	}
	var of [2]found
	for i, name := range []string{dir, reportsDir} {
		text, _ := command(t, exitPass, "since", "--format", "json", name)
		if err := json.Unmarshal([]byte(text), &of[i]); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := fmt.Sprint(of[0].Runs), fmt.Sprint(of[1].Runs); a != b || !strings.HasSuffix(a, "{1} {2} {2}]") {
		t.Errorf("settings of directories %s, of reports %s", a, b)
	}
	changes := 0
	for i, l := range of[0].Lines {
		if len(of[1].Lines) != len(of[0].Lines) || len(of[1].Lines[i].Stretches) != len(l.Stretches) {
			t.Fatalf("%s %s: %d stretches of directories and others of reports", l.Level, l.Metric, len(l.Stretches))
		}
		if l.Metric != "p50" && l.Metric != "cpu" {
			continue
		}
		for _, s := range l.Stretches {
			if s.Change == nil {
				continue
			}
			changes++
			if true1 := 1.19/1.12 - 1; l.Level != "full" || s.Since != "20260111-150405-pr" || s.Runs != 6 || s.Change.Lo > true1 || s.Change.Hi < true1 {
				t.Errorf("%s %s changed: %+v %+v", l.Level, l.Metric, s, *s.Change)
			}
		}
	}
	if changes != 2 {
		t.Errorf("%d changes of p50 and CPU, want those of full", changes)
	}
}

func TestSinceRefuses(t *testing.T) {
	dir, empty := t.TempDir(), t.TempDir()
	writeNight(t, dir, 1)
	one := filepath.Join(dir, "20260103-150405-pr")
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		args   []string
		stderr string
	}{
		{[]string{"since"}, "requires at least 1 arg"},
		{[]string{"since", dir}, "1 run in"},
		{[]string{"since", one, one}, "is there twice"},
		{[]string{"since", empty}, "holds no run: want a directory with run.json"},
		{[]string{"since", dir, filepath.Join(dir, "nowhere")}, "no such file"},
		{[]string{"since", one, write("a.json", "{")}, "no report.json"},
		{[]string{"since", one, write("a.json", `{"schema": 2}`)}, "it names no run"},
		{[]string{"since", one, write("a.json", `{"schema": 99, "run": {"id": "x"}}`)}, "a report of schema 99: this version reads schema 2"},
		{[]string{"since", one, write("a.json", `{"schema": 2, "run": {"id": "x"}}`)}, "does not say when it began"},
		{[]string{"since", one, write("a.json", `{"schema": 2, "run": {"id": "x", "started": "yesterday"}}`)}, "cannot parse"},
		{[]string{"since", "--format", "junit", dir, one}, "use one of text, html, markdown, json, csv"},
		{[]string{"since", "--false-alarms", "0", dir}, "want a rate from 0.0001 to 0.2"},
		{[]string{"since", "--false-alarms", "NaN", dir}, "want a rate from 0.0001 to 0.2"},
		{[]string{"report", one, "--earlier", one}, "none of these runs began before"},
		{[]string{"report", one, "--earlier", empty}, "holds no run"},
	} {
		if _, stderr := command(t, exitUsage, c.args...); !strings.Contains(stderr, c.stderr) {
			t.Errorf("%v: %q, want … %s …", c.args, stderr, c.stderr)
		}
	}
}

// What cannot be read in a directory that was named is told, and the others are shown.
func TestSinceLeavesOut(t *testing.T) {
	dir := t.TempDir()
	for night := range 3 {
		writeNight(t, dir, night)
	}
	if err := os.WriteFile(filepath.Join(dir, "20260102-150405-pr", "cost.jsonl"), []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"name": "x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := command(t, exitPass, "since", dir)
	if !strings.Contains(stdout, "2 runs from") || !strings.Contains(stdout, "Too few runs to find a change") {
		t.Errorf("stdout %s", stdout)
	}
	for _, want := range []string{"left out: " + dir + "/20260102-150405-pr: ", "left out: " + dir + "/package.json: a report of schema 0"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr %q, want … %s …", stderr, want)
		}
	}
}

// The report of a run says since when it fails its budget, in every format that tells budgets.
func TestReportEarlier(t *testing.T) {
	dir := writeSeries(t)
	last := filepath.Join(dir, "20260116-150405-pr")
	for format, want := range map[string]string{
		"text":     "not met since run 20260111-150405-pr of 2026-01-11 15:04:05 UTC, by 6 runs up to this one",
		"markdown": "not met since run 20260111-150405-pr of 2026-01-11 15:04:05 UTC, by 6 runs up to this one",
		"html":     "not met since run 20260111-150405-pr of 2026-01-11 15:04:05 UTC, by 6 runs up to this one",
		"json":     `"since": "20260111-150405-pr"`,
		"csv":      ",20260111-150405-pr,",
	} {
		stdout, _ := command(t, exitPass, "report", "--format", format, "--earlier", dir, last)
		if flat := strings.Join(strings.Fields(stdout), " "); !strings.Contains(flat, want) {
			t.Errorf("%s: not … %s …", format, want)
		}
		if without, _ := command(t, exitPass, "report", "--format", format, last); strings.Contains(strings.Join(strings.Fields(without), " "), want) {
			t.Errorf("%s: it is there without earlier runs, too", format)
		}
	}
	// The first run of the new kernel: it says so in red and in words, and does not take the runs of the old one for its past.
	page, _ := command(t, exitPass, "report", "--format", "html", "--earlier", dir, filepath.Join(dir, "20260117-150405-pr"))
	for _, want := range []string{`<ul class="unlike">`, "than run 20260116-150405-pr: other machine: kernel 6.1.0 in A, 6.8.0 in B", "no earlier run knows it"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has not %s", want)
		}
	}
}

// sinceBlocks are the printed examples of docs/since.md that the made-up series gives.
var sinceBlocks = regexp.MustCompile("(?s)<!-- not held: of the made-up series of TestSincePage -->\n```\n\\$ tollgate ([^\n]*)\n(.*?)```\n")

// TestSincePage holds the examples of docs/since.md to the code. With -update it writes what is printed now.
func TestSincePage(t *testing.T) {
	const page = "../../docs/since.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir := writeSeries(t)
	blocks := sinceBlocks.FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 2 {
		t.Fatalf("%d examples in %s", len(blocks), page)
	}
	out := string(text)
	t.Setenv("COLUMNS", "100")
	for _, b := range blocks {
		var args []string
		for _, word := range strings.Fields(b[1]) {
			if word == "runs" || strings.HasPrefix(word, "runs/") {
				word = dir + strings.TrimPrefix(word, "runs")
			}
			args = append(args, word)
		}
		got, _ := command(t, exitPass, args...)
		got = strings.ReplaceAll(got, dir, "runs")
		if b[2] == got {
			continue
		}
		if !*update {
			t.Errorf("%s: $ tollgate %s: older than the code: run go test ./cmd/tollgate -run SincePage -update\n%s", page, b[1], got)
		}
		out = strings.Replace(out, b[0], strings.Replace(b[0], b[2], got, 1), 1)
	}
	if *update && out != string(text) {
		if err := os.WriteFile(page, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
