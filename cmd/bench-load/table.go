package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/machine"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// show prints a table with the command that makes it again, and the machine.
func (b *bench) show(t *markdown.Table) error {
	m := machine.Here()
	t.Command = []string{"bench-load " + strings.Join(b.args, " ")}
	t.Facts = []string{fmt.Sprintf("%s, %d cores, %s, %s %s, %s; %s UTC",
		m.CPU, m.Cores, machine.Size(m.MemoryMiB*machine.MiB), m.OS, m.Kernel, runtime.Version(), time.Now().UTC().Format("2006-01-02 15:04"))}
	return t.Write(b.stdout)
}

// spread is the median of numbers, and the least and the largest of them.
func spread(format string, xs []float64) string {
	xs = slices.DeleteFunc(slices.Clone(xs), math.IsNaN)
	if len(xs) == 0 {
		return markdown.None
	}
	mid := fmt.Sprintf(format, stats.Median(xs))
	if len(xs) == 1 {
		return mid
	}
	return fmt.Sprintf("%s [%s, %s]", mid, fmt.Sprintf(format, slices.Min(xs)), fmt.Sprintf(format, slices.Max(xs)))
}
