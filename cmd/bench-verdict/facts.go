package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// origin says where and when something was measured, and by what.
type origin struct {
	Machine result.Machine `json:"machine"`
	Tool    string         `json:"tool"` // version of tollgate
	Go      string         `json:"go"`
	Started time.Time      `json:"started"`
}

// originOf is the origin of a run.
func originOf(r result.Run) origin { return origin{r.Machine, r.Tool.Version, r.Tool.Go, r.Started} }

// here is this machine, now. What the system does not tell is left empty.
func here(tool string) origin {
	m := result.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
	if cpus, err := cpu.Info(); err == nil && len(cpus) > 0 {
		m.CPU = cpus[0].ModelName
	}
	if kernel, err := host.KernelVersion(); err == nil {
		m.Kernel = kernel
	}
	if memory, err := mem.VirtualMemory(); err == nil {
		m.MemoryMB = int64(memory.Total >> 20)
	}
	return origin{m, tool, runtime.Version(), time.Now()}
}

// facts are the machine facts of a table: one line for every machine, system and version among the origins, with how many
// measurements it made and when.
func facts(origins []origin) []string {
	type span struct {
		n           int
		first, last time.Time
	}
	spans := map[string]*span{}
	var order []string
	for _, o := range origins {
		m := o.Machine
		what := fmt.Sprintf("%d cores, %s, %.1f GB, %s %s (%s), %s, tollgate %s",
			m.Cores, m.CPU, float64(m.MemoryMB)/1024, m.OS, m.Kernel, m.Arch, o.Go, o.Tool)
		if spans[what] == nil {
			spans[what] = &span{first: o.Started, last: o.Started}
			order = append(order, what)
		}
		s := spans[what]
		s.n++
		s.first = slices.MinFunc([]time.Time{s.first, o.Started}, time.Time.Compare)
		s.last = slices.MaxFunc([]time.Time{s.last, o.Started}, time.Time.Compare)
	}
	var lines []string
	for _, what := range order {
		s := spans[what]
		when := s.first.UTC().Format("2006-01-02 15:04")
		if last := s.last.UTC().Format("2006-01-02 15:04"); last != when {
			when += " to " + last
		}
		lines = append(lines, fmt.Sprintf("%s; %s UTC, measurements: %d", what, when, s.n))
	}
	return lines
}
