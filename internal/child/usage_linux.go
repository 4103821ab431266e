package child

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the CPU time, user and system, of all threads of a process since its start, to the nanosecond: the kernel's
// per-process CPU clock, whose id is made from the process id as clock_getcpuclockid(3) makes it.
func CPU(pid int) (time.Duration, error) {
	const cpuclockSched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuclockSched), &ts); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// RSS is the resident anonymous memory of a process in bytes (RssAnon): what it holds for itself, without the pages of
// the binary that all processes of a run share.
func RSS(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := bytes.Cut(status, []byte("\nRssAnon:"))
	if !found {
		return 0, fmt.Errorf("process %d: no RssAnon in its status", pid)
	}
	field := bytes.Fields(rest)[0]
	kib, err := strconv.ParseInt(string(field), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("process %d: RssAnon: %w", pid, err)
	}
	return kib << 10, nil
}
