package resulttest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// The size of a nightly run.
const (
	nightRounds = 22 // of a launch
	nightCopies = 13 // of every fault
	nightNone   = 3  // passes without a fault
)

const placeLine = "#[Slot: launch %d, round %d]" // of the latency log

// Night returns a run directory of the size of a nightly run: nine levels, three launches of 22 rounds, 42 passes. It is made of the
// recording of a run with fewer, whose rounds, levels and faults come several times. It is for benchmarks and for what a reader sees
// of so much; nothing can be learnt from its numbers.
func Night(t testing.TB, archive string) string {
	t.Helper()
	dir := Unpack(t, archive)
	d, err := result.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := &night{Data: d, rng: rand.New(rand.NewPCG(1, 2))}
	if n.lines, err = linesOf(filepath.Join(dir, result.LatencyFile)); err != nil {
		t.Fatal(err)
	}
	run := n.widened()
	if n.to, err = result.Create(t.TempDir(), run); err != nil {
		t.Fatal(err)
	}
	for _, write := range []func() error{n.tolls, n.catch} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(n.to.Path(result.LatencyFile), n.latency.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := n.to.Finish(func(r *result.Run) { r.Status = result.Complete }); err != nil {
		t.Fatal(err)
	}
	return n.to.Dir()
}

// night makes a long run of a short one.
type night struct {
	*result.Data
	lines   map[at][]string // of the latency log
	rng     *rand.Rand
	to      *result.Writer
	latency bytes.Buffer        // the log
	copies  map[string][]string // of an arm: itself, and its namesakes
}

// widened is the run with more levels, rounds and faults.
func (n *night) widened() result.Run {
	run := n.Run
	run.Levels, run.Arms = slices.Clone(run.Levels), slices.Clone(run.Arms)
	n.copies = map[string][]string{}
	for _, a := range n.Run.Arms {
		n.copies[a.Name] = []string{a.Name}
	}
	for k := 2; len(run.Levels) < 9; k++ {
		for _, level := range n.Run.Levels[1:min(len(n.Run.Levels), 10-len(run.Levels))] {
			name := fmt.Sprintf("%s-%d", level.Name, k)
			n.copies[level.Name] = append(n.copies[level.Name], name)
			level.Name = name
			run.Levels = append(run.Levels, level)
			run.Arms = append(run.Arms, result.Arm{Name: name, Level: name, Role: result.RoleLevel})
		}
	}
	run.Plan.Rounds = nightRounds
	run.Faults = nil
	for k := range nightCopies {
		for _, f := range n.Run.Faults {
			if f.ID == result.NoFault && k > 0 {
				continue
			}
			f.ID = copyOf(f.ID, k)
			run.Faults = append(run.Faults, f)
		}
	}
	run.Files, run.Digest = nil, ""
	return run
}

// copyOf is the id of a fault in a copy of the catch.
func copyOf(id string, k int) string {
	if k == 0 || id == result.NoFault {
		return id
	}
	return fmt.Sprintf("%s-%d", id, k+1)
}

// at is where the slots of an arm stand.
type at struct {
	phase, arm    string
	launch, round int
}

// linesOf are the lines of a latency log, by where they stand. They are copied as they are: to encode so many anew takes minutes.
func linesOf(path string) (map[at][]string, error) {
	text, err := os.ReadFile(path)
	out, place := map[at][]string{}, result.Place{}
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, placeLine, &place.Launch, &place.Round); err == nil {
			continue
		}
		if name, _, found := strings.Cut(strings.TrimPrefix(line, "Tag="), ","); found && strings.HasPrefix(line, "Tag=") {
			tag, err := result.ParseTag(name, &place)
			if err != nil {
				return nil, err
			}
			where := at{tag.Phase, tag.Arm, tag.Launch, tag.Round}
			out[where] = append(out[where], line)
		}
	}
	return out, err
}

// tolls writes as many rounds as a night has, each one of those of its launch.
func (n *night) tolls() error {
	slots := map[at]result.Slot{}
	for _, s := range n.Slots {
		switch s.Phase {
		case slot.Toll:
			slots[at{s.Phase, s.Arm, s.Launch, s.Round}] = s
		case slot.Idle:
			if err := n.slot(s, nil, s.Round, 0); err != nil {
				return err
			}
		}
	}
	for launch := range n.Run.Plan.Launches {
		for round := range nightRounds {
			from := n.rng.IntN(n.Run.Plan.Rounds)
			for _, arm := range n.Run.Arms {
				where := at{slot.Toll, arm.Name, launch, from}
				if err := n.slot(slots[where], n.lines[where], round, 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// slot writes a slot and its lines of the latency log for an arm and its namesakes, with a little noise.
func (n *night) slot(s result.Slot, lines []string, round int, later time.Duration) error {
	s.Round, s.Start, s.End = round, s.Start.Add(later), s.End.Add(later)
	cpu, from := s.CPU, s.Arm
	for _, arm := range n.copies[s.Arm] {
		s.Arm, s.CPU = arm, map[string]time.Duration{}
		if s.Work.Arm != "" {
			s.Work.Arm = arm
		}
		noise := 1 + 0.02*n.rng.Float64()
		for service, used := range cpu {
			s.CPU[service] = time.Duration(float64(used) * noise)
		}
		fmt.Fprintf(&n.latency, placeLine+"\n", s.Launch, round)
		for _, line := range lines {
			n.latency.WriteString(strings.Replace(line, "/"+from+"/", "/"+arm+"/", 1))
		}
		if err := n.to.Slot(s); err != nil {
			return err
		}
	}
	return nil
}

// catch writes the catch again and again, each time with other faults.
func (n *night) catch() error {
	length := n.Faults[len(n.Faults)-1].Time.Sub(n.Faults[0].Time) + time.Minute
	rounds := 0
	for _, s := range n.Slots {
		if s.Phase == slot.Catch {
			rounds = max(rounds, s.Round+1)
		}
	}
	for k := range nightCopies {
		later := time.Duration(k) * length
		for _, s := range n.Slots {
			if s.Phase != slot.Catch {
				continue
			}
			where := at{s.Phase, s.Arm, s.Launch, s.Round}
			s.Order += k * 10 * rounds
			if err := n.slot(s, n.lines[where], s.Round+k*rounds, later); err != nil {
				return err
			}
		}
		for _, e := range n.Faults {
			if err := n.fault(e, k, later); err != nil {
				return err
			}
		}
		for _, e := range n.Alerts {
			e.Time = e.Time.Add(later)
			for _, e.Arm = range n.copies[e.Arm] {
				if err := n.to.Alert(e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (n *night) fault(e result.FaultEvent, k int, later time.Duration) error {
	if e.Fault == result.NoFault {
		if e.Pass = k; k >= nightNone {
			return nil
		}
	}
	e.Fault, e.Time = copyOf(e.Fault, k), e.Time.Add(later)
	if !e.Since.IsZero() {
		e.Since = e.Since.Add(later)
	}
	if e.Arm == "" {
		return n.to.Fault(e)
	}
	for _, e.Arm = range n.copies[e.Arm] {
		if err := n.to.Fault(e); err != nil {
			return err
		}
	}
	return nil
}
