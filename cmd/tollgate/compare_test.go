package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// writeRun writes a small run without faults and returns its directory.
func writeRun(t *testing.T, seed int64, id string, full float64) string {
	t.Helper()
	s := verdicttest.Default(seed)
	s.Launches, s.Rounds, s.Catch = 2, 8, false
	s.Effect["full"] = full
	d := verdicttest.Build(s)
	d.Run.ID = id
	dir := filepath.Join(t.TempDir(), id)
	if err := verdicttest.Write(dir, d); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCompareCommand(t *testing.T) {
	a, b := writeRun(t, 1, "before", 0.15), writeRun(t, 2, "after", 0.4)
	broken := writeRun(t, 3, "broken", 0)
	if err := os.WriteFile(filepath.Join(broken, "cost.jsonl"), []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{a, b}, exitPass, "B against A", ""},
		{[]string{"--strict", a, b}, exitPass, "A: run before", ""},
		{[]string{"--strict", a, a}, exitCouldNotRun, "! A and B are the same run", "--strict is set"},
		{[]string{"--format", "markdown", a, a}, exitPass, "**warning**: A and B are the same run", ""},
		{[]string{"--format", "html", a, b}, exitPass, "<!DOCTYPE html>", ""},
		{[]string{"--format", "junit", a, b}, exitUsage, "", "use one of text, html, markdown, json, csv"},
		{[]string{a}, exitUsage, "", "accepts 2 arg"},
		{[]string{a, broken}, exitUsage, "", "run B: result: "},
		{[]string{t.TempDir(), b}, exitUsage, "", "run A: result: "},
	} {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), append([]string{"compare"}, c.args...), nil, &stdout, &stderr)
		if code != c.code || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q; want %d, … %s …, … %s …", c.args, code, stdout.String(), stderr.String(), c.code, c.stdout, c.stderr)
		}
	}
}

// The comparison of two directories finds the level that became more expensive: 1.4/1.15 is 22 % more.
func TestCompareCommandFinds(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := []string{"compare", "--format", "json", writeRun(t, 1, "before", 0.15), writeRun(t, 2, "after", 0.4)}
	if code := run(context.Background(), args, nil, &stdout, &stderr); code != exitPass {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	var got struct {
		Warnings []string
		Levels   []struct {
			Level  string
			Values []struct {
				Metric     string
				Difference struct {
					Ratio       struct{ Lo, Hi float64 }
					Significant bool
				}
			}
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, l := range got.Levels {
		for _, v := range l.Values {
			if v.Metric != "cpu" {
				continue
			}
			d := v.Difference
			if found++; d.Significant != (l.Level == "full") || l.Level == "full" && (d.Ratio.Lo > 0.217 || d.Ratio.Hi < 0.217) {
				t.Errorf("cpu of %s: %+v", l.Level, d)
			}
		}
	}
	if found != 3 || len(got.Warnings) > 0 {
		t.Errorf("%d levels with cpu, warnings %q", found, got.Warnings)
	}
}

// twoBuildsBlock is the example of docs/two-builds.md.
var twoBuildsBlock = regexp.MustCompile("(?s)<!-- not held: of recorded runs, by TestTwoBuildsPage -->\n```\n\\$ tollgate compare ([a-z-]+) ([a-z-]+)\n(.*?)```\n")

// TestTwoBuildsPage holds the example of docs/two-builds.md to the code: the beginning of a comparison, up to the tables. With -update it
// writes what is printed now.
func TestTwoBuildsPage(t *testing.T) {
	const page = "../../docs/two-builds.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	b := twoBuildsBlock.FindStringSubmatch(string(text))
	if b == nil {
		t.Fatalf("no example in %s", page)
	}
	t.Setenv("COLUMNS", "100")
	got, _ := carriedOut(t, exitPass, "compare", unpack(t, b[1]), unpack(t, b[2]))
	got, _, found := strings.Cut(got, "\nthe toll of full")
	if !found {
		t.Fatal("the comparison has no toll of full")
	}
	if got += "…\n"; b[3] == got {
		return
	}
	if !*update {
		t.Errorf("%s: older than the code: run go test ./cmd/tollgate -run TwoBuildsPage -update\n%s", page, got)
		return
	}
	now := strings.Replace(string(text), b[0], strings.TrimSuffix(b[0], b[3]+"```\n")+got+"```\n", 1)
	if err := os.WriteFile(page, []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}
