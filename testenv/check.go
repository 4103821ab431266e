package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/shirou/gopsutil/v4/mem"
)

// What one arm and one launch were seen to need, with room to spare: 7 processes of 25 to 60 MB of their own, a dozen
// descriptors per process in ours, and the broker's and store's connections in the backing process.
const (
	memoryPerArm = int64(500) << 20
	memoryShared = int64(300) << 20
	filesPerArm  = 60
	filesShared  = 120
)

// Room compares what so many arms of our own stack need, as processes or as containers, with the memory that is available and
// the limit on open files. The error says what is short and what to do.
func Room(arms int) error {
	need := memoryShared + int64(arms)*memoryPerArm
	free, known := int64(0), false
	if memory, err := mem.VirtualMemory(); err == nil { // a system that does not say cannot be short
		free, known = int64(memory.Available), true
	}
	if room, limited := cgroupRoom(); limited && (!known || room < free) {
		free, known = room, true
	}
	if known && free < need {
		return fmt.Errorf("too little memory: %d arms need about %d MiB and %d MiB are available: run fewer levels (--levels) or free some",
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
