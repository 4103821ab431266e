// Package machine tells what the machine is that a run is made on, how much memory it has left, and how sizes of memory
// and disk are written.
package machine

import (
	"os"
	"runtime"
	"strconv"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Here is this machine. What the system does not tell is left empty.
func Here() result.Machine {
	m := result.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
	if cpus, err := cpu.Info(); err == nil && len(cpus) > 0 {
		m.CPU = cpus[0].ModelName
	}
	if name, err := os.Hostname(); err == nil {
		m.Hostname = name
	}
	if kernel, err := host.KernelVersion(); err == nil {
		m.Kernel = kernel
	}
	if memory, err := mem.VirtualMemory(); err == nil {
		m.MemoryMiB = int64(memory.Total / MiB)
	}
	return m
}

// Sizes in bytes.
const (
	MiB = 1 << 20
	GiB = 1 << 30
)

// Size is a size of memory or disk as people read it, in GiB with three digits: 23.5 GiB, 1.82 GiB, 0.25 GiB.
func Size(bytes int64) string {
	gib := float64(bytes) / GiB
	decimals := 2
	for limit := 9.995; gib >= limit && decimals > 0; limit *= 10 {
		decimals--
	}
	return strconv.FormatFloat(gib, 'f', decimals, 64) + " GiB"
}
