package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// tree writes files below a directory of its own.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestGroup(t *testing.T) {
	for _, c := range []struct {
		name    string
		files   map[string]string
		version int
		peak    string // the file that an old kernel does not have
		frozen  string // the file that freezing writes
		states  [2]string
	}{
		{"version 1", map[string]string{
			"proc/7/cgroup": "11:freezer:/docker/abc\n4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n1:name=systemd:/docker/abc\n0::/system.slice/containerd.service\n",
			"sys/fs/cgroup/cpuacct/docker/abc/cpuacct.usage": "1500000000\n",
			"sys/fs/cgroup/cpu/docker/abc/cpu.stat":          "nr_periods 9\nnr_throttled 7\nthrottled_time 250000000\n", // mounted apart from the CPU time
			"sys/fs/cgroup/memory/docker/abc/memory.stat":    "cache 9\nrss 1\ntotal_cache 99\ntotal_rss 4096\n",
			"sys/fs/cgroup/freezer/docker/abc/freezer.state": "THAWED",

			"sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes":     "5096\n",
			"sys/fs/cgroup/memory/docker/abc/memory.max_usage_in_bytes": "9000\n",
		}, 1, "sys/fs/cgroup/memory/docker/abc/memory.max_usage_in_bytes", "sys/fs/cgroup/freezer/docker/abc/freezer.state", [2]string{"FROZEN", "THAWED"}},
		{"version 2", map[string]string{
			"proc/7/cgroup": "0::/system.slice/docker-abc.scope\n",
			"sys/fs/cgroup/system.slice/docker-abc.scope/cpu.stat":       "usage_usec 1500000\nuser_usec 1\nsystem_usec 2\nnr_throttled 7\nthrottled_usec 250000\n",
			"sys/fs/cgroup/system.slice/docker-abc.scope/memory.stat":    "anon 4096\nfile 77\n",
			"sys/fs/cgroup/system.slice/docker-abc.scope/memory.current": "5096\n",
			"sys/fs/cgroup/system.slice/docker-abc.scope/memory.peak":    "9000\n",
			"sys/fs/cgroup/system.slice/docker-abc.scope/cgroup.freeze":  "0",
			"sys/fs/cgroup/system.slice/docker-abc.scope/cgroup.events":  "populated 1\nfrozen 1\n",
		}, 2, "sys/fs/cgroup/system.slice/docker-abc.scope/memory.peak", "sys/fs/cgroup/system.slice/docker-abc.scope/cgroup.freeze", [2]string{"1", "0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := tree(t, c.files)
			g, err := find(root, 7)
			if err != nil {
				t.Fatal(err)
			}
			cpu, err := g.CPU()
			if err != nil || cpu != 1500*time.Millisecond {
				t.Errorf("CPU: got %v, %v", cpu, err)
			}
			if periods, stood := g.Throttled(), g.Stood(); periods != 7 || stood != 250*time.Millisecond {
				t.Errorf("throttled in %d periods and for %v, want 7 and 250ms", periods, stood)
			}
			if now, peak, err := g.Memory(); err != nil || now != 4096 || peak != 8000 { // 1,000 bytes of it are cache
				t.Errorf("memory: got %d, peak %d, %v", now, peak, err)
			}
			if err := os.Remove(filepath.Join(root, c.peak)); err != nil {
				t.Fatal(err)
			}
			if now, peak, err := g.Memory(); err != nil || now != 4096 || peak != 0 {
				t.Errorf("memory under an old kernel: got %d, peak %d, %v", now, peak, err)
			}
			if g.Version() != c.version || !g.CanFreeze() {
				t.Errorf("version %d, can freeze %t", g.Version(), g.CanFreeze())
			}
			for i, act := range []func() error{g.Freeze, g.Thaw} {
				if err := act(); err != nil {
					t.Fatal(err)
				}
				// A real control file takes a write as its whole value; an ordinary file keeps the rest of a longer value.
				text, _ := os.ReadFile(filepath.Join(root, c.frozen))
				if string(text) != c.states[i] {
					t.Errorf("wrote %q, want %q", text, c.states[i])
				}
			}
		})
	}
}

func TestGroupOfAnotherNamespace(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no such process":     {},
		"outside of our tree": {"proc/7/cgroup": "0::/../../docker/abc\n"},
		"an empty file":       {"proc/7/cgroup": ""},
	} {
		if _, err := find(tree(t, files), 7); !errors.Is(err, ErrNone) {
			t.Errorf("%s: got %v, want ErrNone", name, err)
		}
	}
	if err := (Group{}).Freeze(); !errors.Is(err, ErrNone) {
		t.Errorf("the zero value froze: %v", err)
	}
}
