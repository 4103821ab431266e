package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/internal/cgroup"
)

// Meter reads what one container uses. It reads the container's control group if this process can, which costs next to
// nothing; else it asks the engine, which reads the same files on its own machine.
type Meter struct {
	engine *Engine
	id     string
	group  cgroup.Group // version 0: ask the engine
}

// Meter is a meter of a running container.
func (e *Engine) Meter(ctx context.Context, id string) (*Meter, error) {
	m := &Meter{engine: e, id: id}
	at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("engine: container %.12s: %w", id, err)
	}
	if e.Direct && at.Container.State != nil && at.Container.State.Pid > 0 {
		if group, err := cgroup.Of(at.Container.State.Pid); err == nil {
			m.group = group
		}
	}
	return m, nil
}

// Source says where the figures come from: "cgroup v1", "cgroup v2" or "engine".
func (m *Meter) Source() string {
	if v := m.group.Version(); v > 0 {
		return fmt.Sprintf("cgroup v%d", v)
	}
	return "engine"
}

// Reading is what a container has used.
type Reading struct {
	CPU    time.Duration // since its start
	Memory int64         // anonymous memory that it holds now, bytes
	Peak   int64         // the most that Memory was since its start; 0: not known

	Throttled int64         // periods of a CPU quota in which it was held up, since its start
	Stood     time.Duration // how long the quota held it up, since its start, added up over the CPUs
}

// Used takes a reading of the container's meter; the error names the container.
func (c *Container) Used(ctx context.Context) (Reading, error) {
	r, err := c.Meter.Read(ctx)
	if err != nil {
		return Reading{}, fmt.Errorf("engine: %s: %w", c.Name, err)
	}
	return r, nil
}

// Read takes a reading.
func (m *Meter) Read(ctx context.Context) (r Reading, err error) {
	if m.group.Version() == 0 {
		return m.ask(ctx)
	}
	if r.CPU, err = m.group.CPU(); err != nil {
		return Reading{}, err
	}
	r.Throttled, r.Stood = m.group.Throttled(), m.group.Stood()
	r.Memory, r.Peak, err = m.group.Memory()
	return r, err
}

func (m *Meter) ask(ctx context.Context) (Reading, error) {
	s, err := m.engine.statistics(ctx, m.id)
	if err != nil {
		return Reading{}, err
	}
	memory, ok := s.MemoryStats.Stats["anon"] // version 2
	if !ok {
		memory = s.MemoryStats.Stats["total_rss"] // version 1
	}
	r := Reading{CPU: time.Duration(s.CPUStats.CPUUsage.TotalUsage), Memory: int64(memory)}
	r.Throttled = int64(s.CPUStats.ThrottlingData.ThrottledPeriods)
	r.Stood = time.Duration(s.CPUStats.ThrottlingData.ThrottledTime)
	if s.MemoryStats.MaxUsage > 0 { // version 1 only
		r.Peak = cgroup.AnonymousPeak(r.Memory, int64(s.MemoryStats.Usage), int64(s.MemoryStats.MaxUsage))
	}
	return r, nil
}

// statistics are what the engine itself says of a container.
func (e *Engine) statistics(ctx context.Context, id string) (s container.StatsResponse, err error) {
	answer, err := e.Client.ContainerStats(ctx, id, client.ContainerStatsOptions{})
	if err != nil {
		return s, fmt.Errorf("engine: statistics of %.12s: %w", id, err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("engine: statistics of %.12s: %w", id, err)
	}
	return s, nil
}

// Freeze stops the container's processes where they are; Thaw lets them go on. It does so by the control group if this
// process may write it, which takes microseconds, else by a pause of the engine, which takes tens of milliseconds.
func (m *Meter) Freeze(ctx context.Context) error {
	if m.group.Version() > 0 && m.group.CanFreeze() {
		return m.group.Freeze()
	}
	_, err := m.engine.Client.ContainerPause(ctx, m.id, client.ContainerPauseOptions{})
	return err
}

// Thaw ends Freeze.
func (m *Meter) Thaw(ctx context.Context) error {
	if m.group.Version() > 0 && m.group.CanFreeze() {
		return m.group.Thaw()
	}
	_, err := m.engine.Client.ContainerUnpause(ctx, m.id, client.ContainerUnpauseOptions{})
	return err
}

// thaw lets the processes of a container go on if somebody has frozen its control group.
func thaw(pid int) {
	if pid <= 0 {
		return
	}
	if group, err := cgroup.Of(pid); err == nil && group.CanFreeze() {
		_ = group.Thaw() // if it fails, so does the removal that follows, which says why
	}
}
