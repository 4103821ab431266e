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

// Memory is the resident anonymous memory of a process in bytes (RssAnon): what it holds for itself, without the pages of
// the binary that all processes of a run share; and the most that it was since the process's start.
//
// The kernel keeps the peak of all resident pages together (VmHWM). What is no anonymous memory now (RssFile, RssShmem) is
// taken off: these are the pages of the binary, which become more and are seldom given back, so the peak is never below what
// is there now and may be short of the truth by the pages that were read in since.
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
