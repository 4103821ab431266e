//go:build !linux

package child

import (
	"fmt"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// CPU is the CPU time, user and system, of a process since its start, in the precision of the system.
func CPU(pid int) (time.Duration, error) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	times, err := p.Times()
	if err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration((times.User + times.System) * float64(time.Second)), nil
}

// Memory returns the resident memory of a process in bytes. It includes the pages of the binary, which this system does not
// count separately. The peak is 0: not known.
func Memory(pid int) (now, peak int64, err error) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return 0, 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	info, err := p.MemoryInfo()
	if err != nil {
		return 0, 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	return int64(info.RSS), 0, nil
}
