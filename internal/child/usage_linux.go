package child

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the CPU time, user and system, of all threads of a process since its start, to the nanosecond. It comes from the
// kernel's per-process CPU clock; the clock's id is made from the process id in the same way as by clock_getcpuclockid(3).
func CPU(pid int) (time.Duration, error) {
	const cpuclockSched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuclockSched), &ts); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// Memory returns the resident anonymous memory of a process in bytes (RssAnon): what it holds for itself, without the pages of
// the binary, which all processes of a run share. It also returns the peak since the process's start.
//
// The kernel keeps the peak of all resident pages together (VmHWM), so Memory subtracts what is not anonymous now (RssFile,
// RssShmem). These are the pages of the binary: their number grows, and they are seldom given back. So the peak is never below
// the memory of now, and it may be too small by the pages that were read in since the peak.
func Memory(pid int) (now, peak int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	kib := map[string]int64{}
	for _, key := range []string{"VmHWM", "RssAnon", "RssFile", "RssShmem"} {
		_, rest, found := bytes.Cut(status, []byte("\n"+key+":"))
		if !found {
			return 0, 0, fmt.Errorf("process %d: no %s in its status", pid, key)
		}
		if kib[key], err = strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64); err != nil {
			return 0, 0, fmt.Errorf("process %d: %s: %w", pid, key, err)
		}
	}
	now, peak = kib["RssAnon"], kib["VmHWM"]-kib["RssFile"]-kib["RssShmem"]
	return now << 10, max(now, peak) << 10, nil
}
