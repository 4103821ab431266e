package scratch

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// TestMain lets the test binary play an owner: it makes a directory in SCRATCH, says its path, and waits to be killed.
func TestMain(m *testing.M) {
	parent := os.Getenv("SCRATCH")
	if parent == "" {
		os.Exit(m.Run())
	}
	d, err := Make(parent, "owner")
	if err != nil {
		panic(err)
	}
	if err := os.MkdirAll(filepath.Join(d.Path, "series", "full"), 0o700); err != nil {
		panic(err)
	}
	fmt.Println(d.Path)
	_, _ = io.Copy(io.Discard, os.Stdin) // it does not end before the test
	_ = d.Remove()
}

// owner starts a process that has a directory in parent.
func owner(t *testing.T, parent string) (path string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SCRATCH="+parent)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	if _, err := fmt.Fscan(out, &path); err != nil {
		t.Fatal(err)
	}
	return path, kill
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestSweepRemovesWhatAKillHasLeft(t *testing.T) {
	parent := t.TempDir()
	killed, kill := owner(t, parent)
	living, _ := owner(t, parent)
	mine, err := Make(parent, "mine")
	if err != nil {
		t.Fatal(err)
	}
	kill()
	removed, err := Sweep(parent, filepath.Join(parent, "missing"))
	if err != nil || !slices.Equal(removed, []string{killed}) {
		t.Errorf("removed %v, %v, want %s", removed, err, killed)
	}
	if exists(killed) || !exists(living) || !exists(mine.Path) {
		t.Errorf("there are: killed %t, living %t, my own %t", exists(killed), exists(living), exists(mine.Path))
	}
	if err := mine.Remove(); err != nil || exists(mine.Path) {
		t.Errorf("removed by its owner: %v, still there: %t", err, exists(mine.Path))
	}
}

func TestSweepLeavesStrangersAlone(t *testing.T) {
	parent, elsewhere := t.TempDir(), t.TempDir()
	at := func(elem ...string) string { return filepath.Join(append([]string{parent}, elem...)...) }
	for _, err := range []error{
		os.Mkdir(at("tollgate-without-lock"), 0o700),
		os.Mkdir(at("another"), 0o700),
		os.WriteFile(at("another", lockFile), nil, 0o600), // a lock, but not our name
		os.WriteFile(filepath.Join(elsewhere, lockFile), nil, 0o600),
		os.Symlink(elsewhere, at("tollgate-link")),
		os.Mkdir(at("tollgate-linked-lock"), 0o700),
		os.Symlink(filepath.Join(elsewhere, lockFile), at("tollgate-linked-lock", lockFile)),
		os.WriteFile(at("tollgate-file"), nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 { // only root can make what belongs to another
		if err := os.Mkdir(at("tollgate-other-user"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at("tollgate-other-user", lockFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(at("tollgate-other-user"), 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := filepath.Glob(at("*", "*"))
	removed, err := Sweep(parent)
	if err != nil || len(removed) > 0 {
		t.Errorf("removed %v, %v", removed, err)
	}
	if after, _ := filepath.Glob(at("*", "*")); !slices.Equal(before, after) {
		t.Errorf("left %v of %v", after, before)
	}
	if !exists(filepath.Join(elsewhere, lockFile)) {
		t.Error("a link was followed")
	}
}

// TestSweepsDoNotDisturbOwners: directories that are being made and removed are never swept from under their owners.
func TestSweepsDoNotDisturbOwners(t *testing.T) {
	parent := t.TempDir()
	done := make(chan struct{})
	var sweepers sync.WaitGroup
	for range 2 {
		sweepers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if removed, err := Sweep(parent); err != nil || len(removed) > 0 {
					t.Errorf("swept %v, %v", removed, err)
					return
				}
			}
		})
	}
	for range 200 {
		d, err := Make(parent, "busy")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.Path, "data"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.Remove(); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	sweepers.Wait()
}

func TestADirectoryIsForItsUserOnly(t *testing.T) {
	d, err := Make(t.TempDir(), "mode")
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(d.Path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := (*Dir)(nil).Remove(); err != nil {
		t.Error(err)
	}
}
