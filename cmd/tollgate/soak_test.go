package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// `make soak` sets this to an hour.
var soak = flag.Duration("soak", 0, "how long all levels take load at once, up to an hour")

// soakFile is one launch whose arms all take load until the end, while their alert rules are evaluated.
const soakFile = `profile: smoke
levels: [off, full]
faults: [none]
toll: {launches: 0}
catch: {rate: 120, settle: 5s, clean: 5s, hold: %v, clear: 5s}
`

// used is what a process uses at one moment.
type used struct {
	memory int64 // bytes, resident
	files  int32 // open descriptors
}

// TestSoak: memory and descriptors of every process of a run stay within bounds, however long the run is.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("make soak")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "soak.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, soakFile, *soak), 0o600); err != nil {
		t.Fatal(err)
	}
	var said syncBuffer
	cmd := command(os.Args[0], dir, "run", file, "--out", filepath.Join(dir, "run"))
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // how it ended is in cmd.ProcessState
	defer func() { _ = cmd.Process.Kill(); <-ended }()
	waitFor(t, "the load runs", func() bool { return isClosed(ended) || strings.Contains(said.String(), "fault none") })

	samples := map[string][]used{}
	every := max(time.Second, *soak/240)
	for begin := time.Now(); time.Since(begin) < *soak && !isClosed(ended); time.Sleep(every) {
		for name, u := range usedBy(cmd.Process.Pid) {
			samples[name] = append(samples[name], u)
		}
	}
	waitFor(t, "the run has ended", func() bool { return isClosed(ended) })
	if code := cmd.ProcessState.ExitCode(); code == exitCouldNotRun || code < 0 {
		t.Errorf("the run ended with %v: %s", cmd.ProcessState, said.String())
	}
	t.Logf("%v of load:\n%s", *soak, soakTable(samples))
	for name, s := range samples {
		for _, complaint := range grown(name, s) {
			t.Error(complaint)
		}
	}
}

// usedBy reads a run and all processes that it has started, by name.
func usedBy(pid int) map[string]used {
	out := map[string]used{}
	run, err := process.NewProcess(int32(pid))
	if err != nil {
		return out
	}
	children, _ := run.Children() // an error: it has ended
	for _, p := range append(children, run) {
		args, _ := p.CmdlineSlice()
		env, _ := p.Environ()
		name := roleOf(args)
		for _, kv := range env {
			if arm, ok := strings.CutPrefix(kv, "PERSO_ARM="); ok && arm != "" {
				name += " of " + arm
			}
		}
		memory, err := p.MemoryInfo()
		files, err2 := p.NumFDs()
		if err == nil && err2 == nil {
			out[name] = used{int64(memory.RSS), files}
		}
	}
	return out
}

// quarters are the least memory and the fewest descriptors in each quarter of the time: a burst of requests, or garbage that is not
// collected yet, goes again, and what leaks does not.
func quarters(s []used) [4]used {
	var out [4]used
	for i, u := range s {
		q := &out[i*4/len(s)]
		if *q == (used{}) {
			*q = u
		}
		q.memory, q.files = min(q.memory, u.memory), min(q.files, u.files)
	}
	return out
}

// What a process may grow by from the second quarter of the time to the last one. The first quarter is for filling: pools of
// connections, windows, the heap.
const (
	growthMemory = 16 << 20 // bytes
	growthFiles  = 16
)

// held is what a process may grow by besides, bytes. The broker keeps what comes up to its bound: for either arm two topics, and for
// each of their partitions 32 MiB, and as much again that Go has not collected yet. A pipeline keeps all samples until Prometheus compacts its head, after three hours.
var held = map[string]int64{role.Backing: 2 * 2 * 2 * role.Partitions * (32 << 20), role.Telemetry: 100 << 20}

// connected is what a process may have in descriptors besides: the pool of the profile service's connections to the store, which a
// burst fills and nothing empties, and its other ends in the process of the store.
var connected = map[string]int32{role.Profile: 32, role.Backing: 2 * 32}

// grown complains of a process that does not stay within its bounds.
func grown(name string, s []used) []string {
	if len(s) < 8 {
		return []string{fmt.Sprintf("%s was there for %d samples only", name, len(s))}
	}
	q := quarters(s)
	bound, files := int64(growthMemory), int32(growthFiles)
	for what, more := range held {
		if strings.HasPrefix(name, what) {
			bound += more
		}
	}
	for what, more := range connected {
		if strings.HasPrefix(name, what) {
			files += more
		}
	}
	var out []string
	if by := q[3].memory - q[1].memory; by > bound {
		out = append(out, fmt.Sprintf("%s grew by %d MB, from %d to %d MB: the bound is %d MB", name, by>>20, q[1].memory>>20, q[3].memory>>20, bound>>20))
	}
	if by := q[3].files - q[1].files; by > files {
		out = append(out, fmt.Sprintf("%s has %d descriptors, and had %d: the bound is %d more", name, q[3].files, q[1].files, files))
	}
	return out
}

// soakTable has a line for each process: memory in MB and descriptors after the first minute, a third, two thirds, and at the end.
func soakTable(samples map[string][]used) string {
	var b strings.Builder
	minute := time.Minute.Seconds() / soak.Seconds()
	fmt.Fprintf(&b, "%-28s", "MB / descriptors at")
	for _, at := range []float64{minute, 1. / 3, 2. / 3, 1} {
		fmt.Fprintf(&b, "%14v", time.Duration(at*float64(*soak)).Round(time.Second))
	}
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		s := samples[name]
		fmt.Fprintf(&b, "\n%-28s", name)
		for _, at := range []float64{minute, 1. / 3, 2. / 3, 1} {
			u := s[min(int(at*float64(len(s))), len(s)-1)]
			fmt.Fprintf(&b, "%14s", fmt.Sprintf("%d / %d", u.memory>>20, u.files))
		}
	}
	return b.String()
}
