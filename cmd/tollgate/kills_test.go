package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// `make kills` sets these.
var (
	kills           = flag.Int("kills", 2, "kill so many runs in processes, at random moments")
	killsContainers = flag.Int("kills-containers", 0, "kill so many runs in containers")
	killSeed        = flag.Uint64("kill-seed", 1, "seed of the moments")
)

// killFile is an experiment with a fault in force for most of its time.
const killFile = `profile: smoke
levels: [off, full]
faults: [%s]
toll: {launches: %d, max_launches: 1, rounds: 2}
catch: {settle: 2s, clean: 1s, hold: 6s, clear: 1s, confirm_limit: 5s}
`

// everyLever are faults of all kinds of levers. A kill with a fault in force takes the next two of them: signals and new starts of a
// process, its share of the CPU, links, the reverse proxy, the broker, its stream, its consumers, what the upstream delivers, the
// model, the journeys, the Collector and its configuration, Prometheus and Alertmanager.
var everyLever = []string{
	"service-pause", "memory-squeeze", "cpu-throttle", "dependency-slow", "trace-context-loss", "broker-pause", "consumer-lag", "consumer-stopped",
	"poison-message", "profile-attribute-missing", "profile-stale", "model-wrong-version", "identity-split", "model-drift", "collector-down",
	"collector-drop", "series-vanish", "alert-route-mute",
}

// victims are whom the tests kill: the run itself in most cases, or one of the processes that it has started.
var victims = []string{"run", "run", "run", "k6", "run", "run", role.Guard, "run", "run", "a service"}

// TestKills: whoever is killed at whatever moment, no process, container, network or fault stays, what the run has written can be
// read, and the next run finds the temporary directory empty, or empties it.
func TestKills(t *testing.T) {
	t.Parallel()
	t.Run("process", func(t *testing.T) {
		if *kills > 0 {
			killRuns(t, os.Args[0], "process", *kills)
		}
	})
	t.Run("containers", func(t *testing.T) {
		if *killsContainers > 0 {
			binary, _ := inContainers(t)
			killRuns(t, binary, "containers", *killsContainers)
		}
	})
}

// killed is what became of one run.
type killed struct {
	victim string
	moment string // what the run was doing
	fault  string // that was in force; "": none was
	ended  string // how the run ended
	slots  int    // that can be read
	events int
}

func killRuns(t *testing.T, binary, environment string, n int) {
	random := rand.New(rand.NewPCG(*killSeed, 0))
	scratch := t.TempDir() // of all runs, so that the last one must clean up after the others
	inForce := 0
	for i := range n {
		victim := victims[i%len(victims)]
		if environment == "process" && victim == role.Guard {
			victim = "run" // there is none: all that a fault acts on ends with the run
		}
		var force []string
		if i%2 == 0 {
			force = []string{everyLever[i%len(everyLever)], everyLever[(i+1)%len(everyLever)]}
		}
		k := killRun(t, binary, environment, scratch, victim, force, random)
		if k.fault != "" {
			inForce++
		}
		t.Logf("%2d %-10s %-34s %-26s %-18s %3d slots %3d events", i+1, k.victim, k.moment, k.fault, k.ended, k.slots, k.events)
	}
	t.Logf("seed %d, %s; a fault was in force in %d of %d", *killSeed, environment, inForce, n)
	if n >= 20 && inForce < 8 {
		t.Errorf("a fault was in force in %d of %d", inForce, n)
	}
	cmd := command(binary, scratch, "run", "--env", environment, "--profile", "smoke", "--faults", "", "--out", filepath.Join(t.TempDir(), "last"))
	if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() < exitPass || cmd.ProcessState.ExitCode() == exitCouldNotRun {
		t.Errorf("the next run: %v: %s", err, out)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v %v", left, err)
	}
}

// command runs tollgate with a temporary directory of its own, by whose name all its processes can be found.
func command(binary, scratch string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Args[0] = "tollgate"
	cmd.Env = append(os.Environ(), "TMPDIR="+scratch)
	return cmd
}

// killRun starts a run, kills the victim at a random moment, and looks at what is left. With faults to have in force, the moment is
// one at which one of them is.
func killRun(t *testing.T, binary, environment, scratch, victim string, force []string, random *rand.Rand) killed {
	t.Helper()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "kill.yaml"), filepath.Join(dir, "run")
	launches, faults, within := 0, force, len(force) > 0 // no toll: the faults come soon
	if !within {
		launches, faults = 1, everyLever[:4]
	}
	if err := os.WriteFile(file, fmt.Appendf(nil, killFile, strings.Join(faults, ", "), launches), 0o600); err != nil {
		t.Fatal(err)
	}
	var said syncBuffer
	cmd := command(binary, scratch, "run", "--env", environment, file, "--out", out)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // how it ended is in cmd.ProcessState
	defer func() { _ = cmd.Process.Kill(); <-ended }()

	if within {
		passes := 1 + random.IntN(len(force))
		waitFor(t, "a fault is injected", func() bool {
			text, _ := os.ReadFile(filepath.Join(out, result.FaultsFile))
			return bytes.Count(text, []byte(result.PhaseInject)) >= passes || isClosed(ended)
		})
		time.Sleep(time.Duration(random.Int64N(int64(5 * time.Second))))
	} else {
		time.Sleep(time.Duration(random.Int64N(int64(40 * time.Second))))
	}
	if victim != "run" {
		waitFor(t, victim+" runs", func() bool { return isClosed(ended) || len(processesOf(cmd.Process.Pid, victim)) > 0 })
	}
	k := killed{victim: victim, moment: lastLine(said.String())}
	targets := []int{cmd.Process.Pid}
	if victim != "run" {
		if targets = processesOf(cmd.Process.Pid, victim); len(targets) > 0 {
			targets = []int{targets[random.IntN(len(targets))]}
		}
	}
	for _, pid := range targets {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
	k.fault = inForce(out)
	waitFor(t, "the run has ended", func() bool { return isClosed(ended) })
	k.ended = cmd.ProcessState.String()
	if victim != "run" && victim != role.Guard && cmd.ProcessState.ExitCode() != exitCouldNotRun && len(targets) > 0 {
		t.Errorf("%s was killed, and the run ended with %v: %s", victim, cmd.ProcessState, said.String())
	}

	waitFor(t, "no process of the run is left", func() bool { return len(naming(scratch)) == 0 })
	if environment == "containers" {
		_, e := inContainers(t)
		waitFor(t, "no container or network of the run is left", func() bool {
			n, err := labelled(t.Context(), e, cmd.Process.Pid)
			return err == nil && n == 0
		})
	}
	if _, err := os.Stat(filepath.Join(out, result.RunFile)); err == nil {
		report, err := command(binary, scratch, "report", out).CombinedOutput()
		data, readErr := result.Read(out)
		if err := errors.Join(err, readErr); err != nil {
			t.Errorf("what a killed %s left cannot be read: %v: %s", victim, err, report)
		} else {
			k.slots, k.events = len(data.Slots), len(data.Faults)
		}
	}
	return k
}

// syncBuffer is a bytes.Buffer that can be read while a process writes to it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// processesOf are the processes that a run has started and that do one thing: k6, the guard, or "a service": any role of the stack.
func processesOf(pid int, what string) []int {
	run, err := process.NewProcess(int32(pid))
	if err != nil {
		return nil
	}
	children, _ := run.Children() // an error: it has ended
	var out []int
	for _, c := range children {
		args, _ := c.CmdlineSlice()
		name := roleOf(args)
		if name == what || what == "a service" && (slices.Contains(role.Services(), name) || name == role.Backing || name == role.Telemetry) {
			out = append(out, int(c.Pid))
		}
	}
	return out
}

// roleOf says what a process of tollgate does, by its arguments.
func roleOf(args []string) string {
	switch {
	case len(args) > 2 && args[1] == "serve":
		return args[2]
	case len(args) > 1:
		return args[1]
	}
	return ""
}

// inForce is the fault that a run had in force when it was killed.
func inForce(out string) string {
	data, err := result.Read(out)
	if err != nil || len(data.Faults) == 0 {
		return ""
	}
	fault := ""
	for _, e := range data.Faults {
		switch e.Phase {
		case result.PhaseInject:
			fault = e.Fault
		case result.PhaseReverted, result.PhaseStuck, result.PhaseClean:
			fault = ""
		}
	}
	return fault
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	line := strings.TrimSpace(lines[len(lines)-1])
	return strings.ToValidUTF8(line[:min(len(line), 34)], "")
}
