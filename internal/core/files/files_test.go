package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"fits": "12345678", "long": "123456789", "empty": ""} {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sparse, err := os.Create(path("sparse"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sparse.Truncate(10<<30), sparse.Close(), syscall.Mkfifo(path("pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, text, want string
		again            string // what ReadRegular wants, where it is something else
	}{
		{path("fits"), "12345678", "", ""},
		{path("empty"), "", "", ""},
		{path("long"), "", "has more than 0 MiB", ""},
		{path("sparse"), "", "has more than 0 MiB", ""},
		{"/dev/zero", "", "has more than 0 MiB", "/dev/zero is a device"},
		{dir, "", "is a directory", ""},
		{path("none"), "", "no such file", ""},
		{path("pipe"), "-", "", "is a pipe"}, // Read would wait for its writer
	} {
		if tt.text != "-" {
			check(t, Read, tt.path, tt.text, tt.want)
		}
		if tt.again != "" {
			tt.want = tt.again
		}
		check(t, ReadRegular, tt.path, tt.text, tt.want)
	}
}

func check(t *testing.T, read func(string, int64) ([]byte, error), path, text, want string) {
	t.Helper()
	got, err := read(path, 8)
	if want == "" && (err != nil || string(got) != text) {
		t.Errorf("%s: %q, %v", path, got, err)
	}
	if want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path)) {
		t.Errorf("%s: %v, want … %s …", path, err, want)
	}
}

func TestWriteIsWhole(t *testing.T) {
	dir := t.TempDir()
	path, taken := filepath.Join(dir, "file"), filepath.Join(dir, "taken")
	if err := os.Mkdir(taken, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "2nd"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != text {
			t.Errorf("%q: %v", got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v: %v", info.Mode(), err)
	}
	if err := Write(taken, []byte("x")); err == nil {
		t.Error("a directory is replaced")
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("%v are in the directory", left)
	}
}

func TestExplain(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "/runs/a/run.json.tmp", Err: syscall.ENOSPC}
	child := fmt.Errorf("load generator ended by itself; its last log lines:\n    %s write x: no space left on device", strings.Repeat("x", 4000))
	for _, tt := range []struct {
		err  error
		want string
	}{
		{full, "the disk of /runs/a is full"},
		{child, "the disk of /runs/a is full"},
		{errors.Join(child, full, full), "the disk of /runs/a is full"},
		{Explain("/runs/a", errors.Join(full, child)), "the disk of /runs/a is full"}, // once
		{fmt.Errorf("x: %w", syscall.EDQUOT), "the disk quota of /runs/a is used up"},
		{errors.New("mkdir: read-only file system"), "the disk of /runs/a is mounted read-only"},
		{errors.New("read: input/output error"), "the disk of /runs/a gives input/output errors"},
		{errors.Join(errors.New("lost"), Full("/runs/a", 5e6)), "the disk of /runs/a is nearly full: 5 MB are left"},
	} {
		got := Explain("/runs/a", tt.err)
		if !strings.HasPrefix(got.Error(), tt.want) || len(got.Error()) > 300 || strings.Contains(got.Error(), "\n") {
			t.Errorf("%.60v: %v", tt.err, got)
		}
	}
	other := errors.New("something else")
	if Explain("/runs/a", nil) != nil || Explain("/runs/a", other) != other {
		t.Error("an error that has nothing to do with a disk has changed")
	}
}

// TestExplainKnowsTheDisk: what somebody else says of a disk is not said of one that has room and takes writes.
func TestExplainKnowsTheDisk(t *testing.T) {
	dir := t.TempDir()
	if free, known := Free(dir); !known || free < soundRoom {
		t.Skip("the disk of the tests is nearly full")
	}
	for _, text := range []string{"pull: write /var/lib/docker/tmp/x: no space left on device", "shop ended; its last log lines: mkdir /data: read-only file system"} {
		if err := errors.New(text); Explain(dir, err) != err {
			t.Errorf("%s: %v", text, Explain(dir, err))
		}
	}
	if err := fmt.Errorf("x: %w", syscall.ENOSPC); Explain(dir, err) == err {
		t.Errorf("our own write failed: %v", err)
	}
}
