package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
	"github.com/tollgate-dev/tollgate/reports"
)

// A made-up series of successive nights: full costs 12 % in the first six and 30 % in those after them, from a new version on; the last
// is of another kernel.
const (
	nights    = 12
	dearer    = 6
	newKernel = 11
)

// seriesRoot is where series has written them; "": nowhere.
var seriesRoot string

// series are the runs of that series as directories, and the same as nothing but the report.json of each. They are made once, since
// analysing them takes longer than all else.
var series = sync.OnceValues(func() (dirs, kept string) {
	root, err := os.MkdirTemp("", "tollgate-series-")
	if err != nil {
		panic(err)
	}
	seriesRoot = root
	dirs, kept = filepath.Join(root, "dirs"), filepath.Join(root, "kept")
	for night := range nights {
		id := writeNight(dirs, night)
		data, err := result.Read(filepath.Join(dirs, id))
		if err != nil {
			panic(err)
		}
		analysis, err := verdict.Analyze(data)
		if err != nil {
			panic(err)
		}
		f, err := reports.Lookup("json")
		if err != nil {
			panic(err)
		}
		var text bytes.Buffer
		if err := errors.Join(f.Render(&text, analysis), os.MkdirAll(filepath.Join(kept, id), 0o755)); err != nil {
			panic(err)
		}
		if err := os.WriteFile(filepath.Join(kept, id, f.File), text.Bytes(), 0o644); err != nil {
			panic(err)
		}
	}
	return dirs, kept
})

// night is the ID of a run of the series.
func night(n int) string {
	return verdicttest.Started.AddDate(0, 0, n).Format("20060102-150405") + "-pr"
}

// writeNight writes a run of the series, and returns its ID.
func writeNight(dir string, n int) string {
	s := verdicttest.Default(int64(100 + n))
	s.Launches, s.Rounds, s.Catch = 2, 8, false
	s.Effect["full"] = 0.12
	if n >= dearer {
		s.Effect["full"] = 0.3
	}
	d := verdicttest.Build(s)
	d.Run.ID, d.Run.Started = night(n), verdicttest.Started.AddDate(0, 0, n)
	d.Run.Ended = d.Run.Started.Add(4 * time.Minute)
	d.Run.Budgets = []string{"full: p50 <= +15%"}
	if n >= dearer {
		d.Run.Tool.Version = "0.2.0"
	}
	if n >= newKernel {
		d.Run.Machine.Kernel = "6.8.0"
	}
	if err := verdicttest.Write(filepath.Join(dir, d.Run.ID), d); err != nil {
		panic(err)
	}
	return d.Run.ID
}

// The run in which a level became dearer is found, in directories and in reports alike, and the new kernel is kept apart.
func TestSinceCommand(t *testing.T) {
	dirs, kept := series()
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
	for i, name := range []string{dirs, kept} {
		text, _ := carriedOut(t, exitPass, "since", "--format", "json", name)
		if err := json.Unmarshal([]byte(text), &of[i]); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := fmt.Sprint(of[0].Runs), fmt.Sprint(of[1].Runs); a != b || !strings.HasSuffix(a, "{1} {2}]") {
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
			if truth := 1.3/1.12 - 1; l.Level != "full" || s.Since != night(dearer) || s.Runs != newKernel-dearer || s.Change.Lo > truth || s.Change.Hi < truth {
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
	one := filepath.Join(dir, writeNight(dir, 1))
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
		if _, stderr := carriedOut(t, exitUsage, c.args...); !strings.Contains(stderr, c.stderr) {
			t.Errorf("%v: %q, want … %s …", c.args, stderr, c.stderr)
		}
	}
}

// What cannot be read in a directory that was named is told, and the others are shown.
func TestSinceLeavesOut(t *testing.T) {
	dir := t.TempDir()
	for n := range 3 {
		writeNight(dir, n)
	}
	if err := os.WriteFile(filepath.Join(dir, "20260102-150405-pr", "cost.jsonl"), []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"name": "x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := carriedOut(t, exitPass, "since", dir)
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
	dirs, kept := series()
	last := filepath.Join(dirs, night(newKernel-1))
	words := "not met since run " + night(dearer) + " of 2026-01-08 15:04:05 UTC, by 5 runs up to this one"
	for format, want := range map[string]string{
		"text": words, "markdown": words, "html": words, "json": `"since": "` + night(dearer) + `"`, "csv": "," + night(dearer) + ",",
	} {
		stdout, _ := carriedOut(t, exitPass, "report", "--format", format, "--earlier", kept, last)
		if flat := strings.Join(strings.Fields(stdout), " "); !strings.Contains(flat, want) {
			t.Errorf("%s: not … %s …", format, want)
		}
		if without, _ := carriedOut(t, exitPass, "report", "--format", format, last); strings.Contains(strings.Join(strings.Fields(without), " "), want) {
			t.Errorf("%s: it is there without earlier runs, too", format)
		}
	}
	// The first run of the new kernel: it says so in red and in words, and does not take the runs of the old one for its past.
	page, _ := carriedOut(t, exitPass, "report", "--format", "html", "--earlier", kept, filepath.Join(dirs, night(newKernel)))
	for _, want := range []string{`<ul class="unlike">`, "than run " + night(newKernel-1) + ": other machine: kernel 6.1.0 → 6.8.0", "no earlier run knows it"} {
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
	dirs, kept := series()
	blocks := sinceBlocks.FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 2 {
		t.Fatalf("%d examples in %s", len(blocks), page)
	}
	out := string(text)
	t.Setenv("COLUMNS", "100")
	for _, b := range blocks {
		var args []string
		for _, word := range strings.Fields(b[1]) {
			switch {
			case word == "runs": // reports say the same as directories, and faster
				word = kept
			case strings.HasPrefix(word, "runs/"):
				word = dirs + strings.TrimPrefix(word, "runs")
			}
			args = append(args, word)
		}
		got, _ := carriedOut(t, exitPass, args...)
		got = strings.NewReplacer(dirs, "runs", kept, "runs").Replace(got)
		if b[2] == got {
			continue
		}
		if !*update {
			t.Errorf("%s: $ tollgate %s: older than the code: run go test ./cmd/tollgate -run SincePage -update\n%s", page, b[1], got)
		}
		out = strings.Replace(out, b[0], strings.TrimSuffix(b[0], b[2]+"```\n")+got+"```\n", 1)
	}
	if *update && out != string(text) {
		if err := os.WriteFile(page, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
