package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/machine"
)

// origin says where and when something was measured, and by what.
type origin struct {
	Machine result.Machine `json:"machine"`
	Tool    string         `json:"tool"` // version of tollgate
	Go      string         `json:"go"`
	Started time.Time      `json:"started"`
}

// originOf returns the origin of a run.
func originOf(r result.Run) origin { return origin{r.Machine, r.Tool.Version, r.Tool.Go, r.Started} }

// here is the origin of a measurement on this machine, now.
func here(tool string) origin {
	return origin{machine.Here(), tool, runtime.Version(), time.Now()}
}

// facts returns the machine facts of a table: one line for every machine, system and version among the origins, with the number
// and the times of its measurements.
func facts(origins []origin) []string {
	type span struct {
		n           int
		first, last time.Time
	}
	spans := map[string]*span{}
	var order []string
	for _, o := range origins {
		m := o.Machine
		what := fmt.Sprintf("%d cores, %s, %s, %s %s (%s), %s, tollgate %s",
			m.Cores, m.CPU, machine.Size(m.MemoryMiB*machine.MiB), m.OS, m.Kernel, m.Arch, o.Go, o.Tool)
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
