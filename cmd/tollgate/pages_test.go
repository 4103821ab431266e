package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result/resulttest"
)

// Every page that people read may show printed output. A block of it stands under a marker that says where it comes from:
//
//	<!-- output of: RUN -->                        the text report of a run in testdata/runs, one screen, its directory being runs/RUN
//	<!-- output of: RUN, in full -->               the same with --verbose
//	<!-- output of: RUN, from "A" to "B" -->       its lines from one that begins with A to before the next that begins with B;
//	                                               of the report in full; further parts follow after a semicolon, B may be ""
//	                                               for the end
//	<!-- output of: RUN, on one screen, from … --> parts of the one screen
//	<!-- output of: RUN, judged by "BUDGET" … -->  what gate prints of it with these budgets; parts of it in full may follow
//	<!-- output of the command -->                 what the command in the block's first line prints, carried out now
//	<!-- not held: REASON -->                      something else; nothing is compared
//
// A block may begin with a line "$ COMMAND", and "…" stands for what it leaves out.
var (
	marker   = regexp.MustCompile(`^<!-- (output of: ([a-z-]+)(.*)|output of the command|not held: .+) -->$`)
	judgedBy = regexp.MustCompile(`^, judged by((?: "[^"]+")+)`)
	fromTo   = regexp.MustCompile(`from "(.+)" to "(.*)"$`)
)

// pages are the README and everything in docs.
func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(docs) == 0 {
		t.Fatalf("no pages in docs: %v", err)
	}
	return append([]string{readme}, docs...)
}

// TestPrintedOutput holds every page's printed output to the code: recorded runs are rendered again, commands are carried
// out. With -update it writes what is printed now.
func TestPrintedOutput(t *testing.T) {
	rendered := map[string]string{}
	held := 0
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		var out []string
		for i := 0; i < len(lines); i++ {
			out = append(out, lines[i])
			if lines[i] != "```" {
				if strings.HasPrefix(lines[i], "```") { // a block in a language: passed over
					for i++; lines[i] != "```"; i++ {
						out = append(out, lines[i])
					}
					out = append(out, lines[i])
				}
				continue
			}
			end := i + 1 + slices.Index(lines[i+1:], "```")
			m := marker.FindStringSubmatch(lines[max(0, i-1)])
			if m == nil {
				t.Errorf("%s:%d: a block of printed output without a marker: see pages_test.go", page, i+1)
				continue
			}
			block := lines[i+1 : end]
			want, err := block, error(nil) // of this block, not of one before it
			switch {
			case m[2] != "":
				want, err = recordedBlock(t, rendered, m[2], m[3], block)
			case strings.HasPrefix(m[1], "output of the command"):
				want, err = commandBlock(t, block)
			}
			if err != nil {
				t.Errorf("%s:%d: %v", page, i+1, err)
				want = block
			}
			if !strings.HasPrefix(m[1], "not held") {
				held++
			}
			if !same(block, want) {
				if !*update {
					t.Errorf("%s:%d: older than the code: run go test ./cmd/tollgate -run PrintedOutput -update, and read the page again\n%s",
						page, i+1, difference(block, want))
				}
				block = want
			}
			out = append(append(out, block...), "```")
			i = end
		}
		if now := strings.Join(out, "\n"); *update && now != string(text) {
			if err := os.WriteFile(page, []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if held < 8 {
		t.Errorf("only %d blocks of printed output are held to the code", held)
	}
}

// recordedBlock is what a block shows of a recorded run, under the block's own first line if that is a command.
func recordedBlock(t *testing.T, rendered map[string]string, run, rest string, block []string) ([]string, error) {
	t.Helper()
	budgets := judgedBy.FindStringSubmatch(rest)
	key, parts := run, rest
	if budgets != nil {
		key, parts = run+budgets[0], strings.TrimPrefix(rest, budgets[0])
	}
	parts, screen := strings.CutPrefix(parts, onOneScreen)
	full := parts != "" && !screen
	if parts == inFull {
		parts = ""
	}
	if full {
		key += inFull
	}
	text, ok := rendered[key]
	if !ok {
		var err error
		if text, err = render(t, unpack(t, run), budgets, full); err != nil {
			return nil, err
		}
		rendered[key] = text
	}
	var want []string
	if len(block) > 0 && strings.HasPrefix(block[0], "$ ") {
		want = append(want, block[0])
	}
	if parts == "" {
		return append(want, strings.Split(text, "\n")...), nil
	}
	for i, part := range strings.Split(parts, ";") {
		m := fromTo.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("part %q of the marker: want from \"A\" to \"B\"", part)
		}
		lines := strings.Split(text, "\n")
		from := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, m[1]) })
		if from < 0 {
			return nil, fmt.Errorf("run %s prints no line that begins with %q", run, m[1])
		}
		lines = lines[from:]
		if m[2] != "" {
			to := slices.IndexFunc(lines[1:], func(l string) bool { return strings.HasPrefix(l, m[2]) })
			if to < 0 {
				return nil, fmt.Errorf("run %s prints no line that begins with %q after %q", run, m[2], m[1])
			}
			lines = lines[:to+1]
		}
		switch elided := slices.Contains(block, "…"); {
		case elided:
			want = append(want, "…")
		case i > 0:
			want = append(want, "")
		}
		want = append(want, strings.Split(strings.TrimRight(strings.Join(lines, "\n"), "\n"), "\n")...)
	}
	return want, nil
}

// onOneScreen in a marker is for parts of the report without --verbose.
const onOneScreen = ", on one screen"

// inFull in a marker is for a report that is not cut to one screen.
const inFull = ", in full"

// pageRun is where a page says that its run is.
const pageRun = "runs/RUN"

// render is the text report of a run directory, or what gate prints of it with budgets, where the directory is that of the page.
func render(t *testing.T, dir string, budgets []string, full bool) (string, error) {
	t.Helper()
	before, err := os.Getwd()
	if err != nil {
		return "", err
	}
	at := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(at, filepath.Dir(pageRun)), 0o700), os.Rename(dir, filepath.Join(at, pageRun)), os.Chdir(at)); err != nil {
		return "", err
	}
	defer func() {
		if err := os.Chdir(before); err != nil {
			t.Fatal(err)
		}
	}()
	args := []string{"report", pageRun}
	if budgets != nil {
		args = []string{"gate", pageRun}
		for _, b := range strings.Split(strings.Trim(budgets[1], ` "`), `" "`) {
			args = append(args, "--budget", b)
		}
	}
	if full {
		args = append(args, "--verbose")
	}
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), args, nil, &stdout, &stderr); stderr.Len() > 0 {
		return "", fmt.Errorf("tollgate %s: exit code %d: %s", strings.Join(args, " "), code, stderr.String())
	}
	return strings.TrimSuffix(stdout.String(), "\n"), nil
}

// commandBlock is what the command in the first line prints: one that ends before anything starts.
func commandBlock(t *testing.T, block []string) ([]string, error) {
	t.Helper()
	args, ok := strings.CutPrefix(block[0], "$ tollgate ")
	if !ok {
		return nil, fmt.Errorf("the first line must be a command, got %q", block[0])
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // that it starts is a mistake in the page; it need not go to its end
	defer cancel()
	var out bytes.Buffer
	if code := run(ctx, split(args), nil, &out, &out); code == 0 || strings.Contains(out.String(), "toll") && out.Len() > 4000 {
		return nil, errors.New("the command did not end early")
	}
	return append([]string{block[0]}, strings.Split(strings.TrimSpace(out.String()), "\n")...), nil
}

// same compares blocks by their words: a page may wrap a long line.
func same(a, b []string) bool {
	return slices.Equal(strings.Fields(strings.Join(a, " ")), strings.Fields(strings.Join(b, " ")))
}

// difference is the first line in which two blocks differ.
func difference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		line := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "(nothing)"
		}
		if line(got) != line(want) {
			return fmt.Sprintf("line %d is %q\nnow      %q", i+1, line(got), line(want))
		}
	}
	return ""
}

// runsDir has the recorded runs, NAME.tar.gz: what reports are made of, without series and telemetry. How each was made is in
// its README.
const runsDir = "testdata/runs"

// unpack is the directory of a recorded run.
func unpack(t *testing.T, name string) string {
	t.Helper()
	return resulttest.Unpack(t, filepath.Join(runsDir, name+".tar.gz"))
}
