package machine

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Instructions says whether the instructions that a process executes can be counted here: nil, or why not. It opens a counter of this
// process's own user code, as everybody may where kernel.perf_event_paranoid is 2 or less, and closes it.
//
// Source: perf_event_open(2).
func Instructions() error {
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_HARDWARE, Config: unix.PERF_COUNT_HW_INSTRUCTIONS, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Bits: unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
	}
	counter, err := unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return refused(err)
	}
	return unix.Close(counter)
}

// refused explains why the kernel opens no counter.
func refused(err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENODEV):
		return errors.New("the processor shows the kernel no counter of instructions, as in most virtual machines")
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		level, _ := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
		return fmt.Errorf("the kernel refuses (kernel.perf_event_paranoid is %s; it may be 2 at most, and containers often forbid it besides): %w",
			strings.TrimSpace(string(level)), err)
	case errors.Is(err, unix.ENOSYS):
		return errors.New("the kernel has no performance events")
	default:
		return fmt.Errorf("perf_event_open: %w", err)
	}
}
