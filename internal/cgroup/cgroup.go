// Package cgroup reads what a control group has used, and freezes it: version 1 and version 2 of the Linux interface.
//
// Sources: the kernel's documentation, admin-guide/cgroup-v1 (cpuacct, memory, freezer-subsystem) and
// admin-guide/cgroup-v2.
package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Group is one control group as directories. The zero value is none.
type Group struct {
	version     int    // 1 or 2
	cpu, memory string // directories; the same one in version 2
	quota       string // of the CPU quota; in version 1 not always that of the CPU time
	freezer     string
}

// ErrNone says that this process cannot read the control group: the group belongs to another machine or another namespace.
var ErrNone = errors.New("no readable control group")

// Of finds the control group of a process of this machine.
func Of(pid int) (Group, error) { return find("/", pid) }

// find is Of below a given root directory, for tests.
func find(root string, pid int) (Group, error) {
	text, err := os.ReadFile(filepath.Join(root, "proc", strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return Group{}, fmt.Errorf("cgroup: process %d: %w", pid, ErrNone)
	}
	paths := map[string]string{} // by controller; "" for version 2
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			paths[controller] = parts[2]
		}
	}
	base := filepath.Join(root, "sys/fs/cgroup")
	if path, ok := paths["cpuacct"]; ok {
		g := Group{
			version: 1, cpu: filepath.Join(base, "cpuacct", path), memory: filepath.Join(base, "memory", paths["memory"]),
			quota: filepath.Join(base, "cpu", paths["cpu"]), freezer: filepath.Join(base, "freezer", paths["freezer"]),
		}
		return g, g.check(pid, "cpuacct.usage")
	}
	if path, ok := paths[""]; ok {
		dir := filepath.Join(base, path)
		g := Group{version: 2, cpu: dir, memory: dir, quota: dir, freezer: dir}
		return g, g.check(pid, "cpu.stat")
	}
	return Group{}, fmt.Errorf("cgroup: process %d: %w", pid, ErrNone)
}

// check returns an error unless the group can be read.
func (g Group) check(pid int, file string) error {
	if _, err := os.Stat(filepath.Join(g.cpu, file)); err != nil {
		return fmt.Errorf("cgroup: process %d: %w", pid, ErrNone)
	}
	return nil
}

// Version is 1 or 2; 0 for the zero value.
func (g Group) Version() int { return g.version }

// CPU is the CPU time that the group has used since it was made.
func (g Group) CPU() (time.Duration, error) {
	if g.version == 1 {
		ns, err := readInt(filepath.Join(g.cpu, "cpuacct.usage"))
		return time.Duration(ns), err
	}
	us, err := readKey(filepath.Join(g.cpu, "cpu.stat"), "usage_usec")
	return time.Duration(us) * time.Microsecond, err
}

// Throttled is in how many periods of its CPU quota the group was held up since it was made; 0 where the kernel does not tell it.
func (g Group) Throttled() int64 {
	n, err := readKey(filepath.Join(g.quota, "cpu.stat"), "nr_throttled")
	if err != nil {
		return 0 // a group without a quota, or a kernel without quotas
	}
	return n
}

// Stood is how long its CPU quota has held the group up since it was made, added up over the CPUs; 0 where the kernel does not
// tell it.
func (g Group) Stood() time.Duration {
	key, unit := "throttled_usec", time.Microsecond
	if g.version == 1 {
		key, unit = "throttled_time", time.Nanosecond
	}
	n, err := readKey(filepath.Join(g.quota, "cpu.stat"), key)
	if err != nil {
		return 0 // likewise
	}
	return time.Duration(n) * unit
}

// Memory returns the anonymous memory that the group holds, in bytes: what its processes allocated, without the page cache. It
// also returns the peak since the group was made; the peak is 0 where the kernel does not tell it (version 2 before Linux
// 5.19).
func (g Group) Memory() (now, peak int64, err error) {
	anonymous, usage, most := "anon", "memory.current", "memory.peak"
	if g.version == 1 {
		anonymous, usage, most = "total_rss", "memory.usage_in_bytes", "memory.max_usage_in_bytes"
	}
	if now, err = readKey(filepath.Join(g.memory, "memory.stat"), anonymous); err != nil {
		return 0, 0, err
	}
	all, err := readInt(filepath.Join(g.memory, usage))
	if err != nil {
		return 0, 0, err
	}
	peak, err = readInt(filepath.Join(g.memory, most))
	if errors.Is(err, os.ErrNotExist) {
		return now, 0, nil
	}
	return now, AnonymousPeak(now, all, peak), err
}

// AnonymousPeak estimates the peak of anonymous memory from the peak of all memory: it subtracts what is not anonymous now,
// mainly the page cache. It is never below the anonymous memory of now. It is too small by what the cache has grown since the
// peak, and too large by what the cache has given up since.
func AnonymousPeak(anonymous, all, peak int64) int64 { return max(anonymous, peak-(all-anonymous)) }

// CanFreeze reports whether this process may freeze the group.
func (g Group) CanFreeze() bool {
	f, err := os.OpenFile(g.freezeFile(), os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// Freeze stops every process of the group and returns when all of them stand still; Thaw lets them go on. The container engine
// does not know about this.
func (g Group) Freeze() error {
	state := "1"
	if g.version == 1 {
		state = "FROZEN"
	}
	if err := g.writeFreeze(state); err != nil {
		return err
	}
	for limit := time.Now().Add(freezeLimit); ; time.Sleep(freezePause) {
		frozen, err := g.frozen()
		if frozen || err != nil {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("cgroup: %s: not frozen within %v", g.freezer, freezeLimit)
		}
	}
}

// A group is frozen when its last process has left the kernel. These say how often Freeze looks, and for how long.
const (
	freezePause = 200 * time.Microsecond
	freezeLimit = 2 * time.Second
)

func (g Group) frozen() (bool, error) {
	if g.version == 1 {
		text, err := os.ReadFile(g.freezeFile())
		if err != nil {
			return false, fmt.Errorf("cgroup: %w", err)
		}
		return strings.TrimSpace(string(text)) == "FROZEN", nil
	}
	n, err := readKey(filepath.Join(g.freezer, "cgroup.events"), "frozen")
	return n == 1, err
}

// Thaw ends Freeze; a group that is not frozen stays as it is.
func (g Group) Thaw() error {
	if g.version == 1 {
		return g.writeFreeze("THAWED")
	}
	return g.writeFreeze("0")
}

func (g Group) freezeFile() string {
	if g.version == 1 {
		return filepath.Join(g.freezer, "freezer.state")
	}
	return filepath.Join(g.freezer, "cgroup.freeze")
}

func (g Group) writeFreeze(state string) error {
	if g.version == 0 {
		return fmt.Errorf("cgroup: freeze: %w", ErrNone)
	}
	f, err := os.OpenFile(g.freezeFile(), os.O_WRONLY, 0) // without O_CREATE: a group that is gone has no such file
	if err != nil {
		return fmt.Errorf("cgroup: %w", err)
	}
	_, err = f.WriteString(state)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("cgroup: %w", err)
	}
	return nil
}

func readInt(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("cgroup: %w", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cgroup: %s: %w", path, err)
	}
	return n, nil
}

// readKey reads the value of one key in a file of "key value" lines.
func readKey(path, key string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("cgroup: %w", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), key+" "); ok {
			n, err := strconv.ParseInt(rest, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("cgroup: %s: %s: %w", path, key, err)
			}
			return n, nil
		}
	}
	return 0, fmt.Errorf("cgroup: %s: no %s", path, key)
}
