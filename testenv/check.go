package testenv

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// What one arm and one launch were seen to need, with room to spare: 7 processes of 25 to 60 MB of their own, a dozen
// descriptors per process in ours, and the broker's and store's connections in the backing process.
const (
	memoryPerArm = int64(500) << 20
	memoryShared = int64(300) << 20
	filesPerArm  = 60
	filesShared  = 120
)

// Check compares what the arms need with the memory that is available and the limit on open files.
func (*Process) Check(_ context.Context, arms int) error {
	return roomFor(arms)
}

// roomFor is the check of processes and of containers alike.
func roomFor(arms int) error {
	need := memoryShared + int64(arms)*memoryPerArm
	free, ok := memAvailable()
	if room, limited := cgroupRoom(); limited && (!ok || room < free) {
		free, ok = room, true
	}
	if ok && free < need {
		return fmt.Errorf("too little memory: %d arms need about %d MB and %d MB are available: run fewer levels (--levels) or free some",
			arms, need>>20, free>>20)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil // a system that does not say has no limit to run into
	}
	if files := uint64(filesShared + arms*filesPerArm); limit.Cur < files {
		return fmt.Errorf("too few file descriptors: %d arms need about %d and the limit is %d: raise it with ulimit -n %d, or run fewer levels (--levels)",
			arms, files, limit.Cur, files)
	}
	return nil
}

// memAvailable reads MemAvailable in bytes; false where the system does not say.
func memAvailable() (int64, bool) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemAvailable:"); ok {
			var kib int64
			if _, err := fmt.Sscan(rest, &kib); err == nil {
				return kib << 10, true
			}
		}
	}
	return 0, false
}

// cgroupRoom is what the control group (v2) of this process leaves, in bytes; false where it sets no limit. Its own
// group is read: a limit further up shows there only in a container, which is where it matters.
func cgroupRoom() (int64, bool) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	path, ok := strings.CutPrefix(strings.TrimSpace(string(own)), "0::")
	if !ok {
		return 0, false
	}
	read := func(name string) (int64, bool) {
		text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", path, name))
		if err != nil {
			return 0, false
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is no limit
		return n, err == nil
	}
	limit, limited := read("memory.max")
	used, known := read("memory.current")
	return limit - used, limited && known
}
