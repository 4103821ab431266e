package machine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/mem"
)

// Available is how much memory this process and its children may still take, in bytes: what the system has available, or
// what the control group of this process leaves if that is less. It is false where neither is known.
func Available() (int64, bool) {
	room, limited := groupRoom()
	memory, err := mem.VirtualMemory()
	if err != nil {
		return room, limited
	}
	free := int64(memory.Available)
	if limited {
		free = min(free, room)
	}
	return free, true
}

// groupRoom is what the control group (v2) of this process leaves, in bytes; false where it sets no limit. It reads the
// process's own group: a limit further up shows there only in a container, which is where it matters.
func groupRoom() (int64, bool) {
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
