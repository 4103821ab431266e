package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/reports"
)

// TestReportWriteFollowsNoLink: links that stand where reports go, in a run directory from somebody else, are replaced.
func TestReportWriteFollowsNoLink(t *testing.T) {
	dir, outside := writeRun(t, 1, "foreign", 0.15), filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range reports.All() {
		if f.File == "" {
			continue
		}
		if err := os.Symlink(outside, filepath.Join(dir, f.File)); err != nil {
			t.Fatal(err)
		}
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"report", dir, "--write"}, nil, &stderr, &stderr); code != exitPass {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "precious" {
		t.Errorf("the file outside has %.40q, %v", text, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Type()&os.ModeSymlink != 0 || strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left", e.Name())
		}
	}
}

// TestCutRunsAreRefused: by every command that reads a run, with the file and what it lacks.
func TestCutRunsAreRefused(t *testing.T) {
	whole, cut := writeRun(t, 1, "whole", 0.15), writeRun(t, 2, "cut", 0.15)
	path := filepath.Join(cut, result.CostFile)
	info, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, info.Size()/2)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"report", cut}, exitCouldNotRun},
		{[]string{"report", cut, "--write"}, exitCouldNotRun},
		{[]string{"gate", cut, "--budget", "p50 <= +50%"}, exitCouldNotRun},
		{[]string{"compare", whole, cut}, exitUsage},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), c.args, nil, &stdout, &stderr)
		if want := "cost.jsonl has 5"; code != c.code || stdout.Len() > 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q; want %d, nothing, … %s …", c.args, code, stdout.String(), stderr.String(), c.code, want)
		}
	}
}
