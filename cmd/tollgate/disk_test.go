//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// smallDisk mounts a disk of so many MiB, which ends with the test.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", size)); err != nil {
		t.Skipf("cannot mount a small disk here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes to a disk until only so many bytes are free.
func fill(t *testing.T, disk string, left int64) {
	t.Helper()
	filler, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer filler.Close()
	size, free := int64(0), int64(0)
	for most := int64(64 << 20); most >= 4<<10; {
		if free, _ = files.Free(disk); free <= left {
			return
		}
		more := min(free-left, most)
		if err := syscall.Fallocate(int(filler.Fd()), 0, size, more); err != nil {
			most = more / 2 // somebody else took some of it
			continue
		}
		size += more
	}
	if free > left+64<<10 {
		t.Fatalf("%d bytes are free, want %d", free, left)
	}
}

// TestFullDisk: whenever the disk of a run becomes full, the run ends, says so in one sentence, and what it has measured can be read.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		when string // a line of the progress, or "" for before the start
		left int64  // bytes that stay free
		want string
	}{
		{"", 12 << 20, "the run needs about"},
		{"launch 1", 0, "full: "}, // or nearly full: whoever sees it first
		{"toll, launch 1", 8 << 20, "is nearly full: "},
		{"fault profile-attribute-missing", 0, "full: "},
	} {
		t.Run(fmt.Sprintf("%s, %d MiB left", c.when, c.left>>20), func(t *testing.T) {
			disk := smallDisk(t, 1024)
			out := filepath.Join(disk, "run")
			if c.when == "" {
				fill(t, disk, c.left)
			}
			var said syncBuffer
			cmd := command(os.Args[0], t.TempDir(), "run", "--profile", "smoke", "--launches", "1", "--max-launches", "1", "--out", out)
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() { _ = cmd.Wait(); close(ended) }() // how it ended is in cmd.ProcessState
			defer func() { _ = cmd.Process.Kill(); <-ended }()
			if c.when != "" {
				waitFor(t, c.when, func() bool { return isClosed(ended) || strings.Contains(said.String(), "] "+c.when) })
				time.Sleep(time.Second)
				fill(t, disk, c.left)
			}
			waitFor(t, "the run has ended", func() bool { return isClosed(ended) })
			if code := cmd.ProcessState.ExitCode(); code != exitCouldNotRun {
				t.Errorf("exit code %d, want %d: %s", code, exitCouldNotRun, said.String())
			}
			message := said.String()[max(0, strings.LastIndex(said.String(), "tollgate: ")):]
			if !strings.Contains(message, c.want) || len(message) > 400 {
				t.Errorf("the message is not one sentence with %q: %s", c.want, message)
			}
			checkRest(t, out, c.when != "")
		})
	}
}

// checkRest looks at what a run on a full disk has left: no half file, and a directory that can be read.
func checkRest(t *testing.T, out string, began bool) {
	t.Helper()
	entries, err := os.ReadDir(out)
	if began != (err == nil) {
		t.Errorf("the run directory: %v", err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		// Benchmarks are a line for each level, and there may be none yet.
		half := strings.HasPrefix(entry.Name(), "report.") && entry.Name() != "report.bench" && info.Size() == 0
		if half || strings.Contains(entry.Name(), ".tmp") {
			t.Errorf("left: %s, %d bytes", entry.Name(), info.Size())
		}
	}
	if !began {
		return
	}
	data, err := result.Read(out)
	if err != nil || data.Run.Status != result.Partial {
		t.Errorf("the run directory has status %q: %v", data.Run.Status, err)
	}
}

// TestFullDiskAtReport: a report that cannot be written leaves the old one.
func TestFullDiskAtReport(t *testing.T) {
	disk := smallDisk(t, 30)
	run := unpack(t, "pr")
	if err := os.CopyFS(filepath.Join(disk, "run"), os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(disk, "run", "report.html")
	if err := os.WriteFile(page, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	fill(t, disk, 0)
	out, err := command(os.Args[0], t.TempDir(), "report", filepath.Join(disk, "run"), "--write").CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("is full: free some of it")) || bytes.Count(out, []byte("tollgate: ")) != 1 {
		t.Errorf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(page); err != nil || string(text) != "old" {
		t.Errorf("the old report: %q, %v", text, err)
	}
	if left, _ := filepath.Glob(filepath.Join(disk, "run", "*.tmp*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
