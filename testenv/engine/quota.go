package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// limits are what a container was allowed before.
type limits struct {
	NanoCPUs, Quota, Period int64
	Memory, Swap            int64
	Running                 bool
}

func limitsOf(ctx context.Context, e *Engine, id string, _ json.RawMessage) (any, error) {
	return e.limits(ctx, id)
}

func (e *Engine) limits(ctx context.Context, id string) (limits, error) {
	at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return limits{}, err
	}
	r := at.Container.HostConfig.Resources
	return limits{r.NanoCPUs, r.CPUQuota, r.CPUPeriod, r.Memory, r.MemorySwap, at.Container.State != nil && at.Container.State.Running}, nil
}

// cpuPeriod is the kernel's own, in microseconds.
const cpuPeriod = 100_000

// leastQuota is the kernel's least, in microseconds.
const leastQuota = 1000

// period is that of the container's CPU quota, in microseconds.
func (l limits) period() int64 {
	if l.Period > 0 {
		return l.Period
	}
	return cpuPeriod
}

// cores is how many cores the container may use; 0: as many as there are.
func (l limits) cores() float64 {
	switch {
	case l.NanoCPUs > 0:
		return float64(l.NanoCPUs) / 1e9
	case l.Quota > 0:
		return float64(l.Quota) / float64(l.period())
	}
	return 0
}

// limitCPU never gives a container more than it has. A container has its quota in one of two forms, of which the engine takes no
// other once it has the one.
func limitCPU(ctx context.Context, e *Engine, id string, params json.RawMessage) error {
	var p struct {
		Cores float64 `json:"cores"`
	}
	if err := strict(params, &p); err != nil {
		return err
	}
	if !(p.Cores >= 0.01 && p.Cores <= 1024) {
		return fmt.Errorf("engine: limit-cpu: cores must be from 0.01 to 1024, got %g", p.Cores)
	}
	before, err := e.limits(ctx, id)
	if err != nil {
		return err
	}
	if has := before.cores(); has > 0 && has < p.Cores {
		return fmt.Errorf("engine: limit-cpu: the container has no more than %g cores already: cores must be less, got %g", has, p.Cores)
	}
	r := &container.Resources{CPUQuota: max(leastQuota, int64(p.Cores*float64(before.period())))}
	if before.NanoCPUs > 0 {
		r = &container.Resources{NanoCPUs: int64(p.Cores * 1e9)}
	}
	_, err = e.Client.ContainerUpdate(ctx, id, client.ContainerUpdateOptions{Resources: r})
	return err
}

func unlimitCPU(ctx context.Context, e *Engine, id string, text json.RawMessage) error {
	var saved limits
	if err := json.Unmarshal(text, &saved); err != nil {
		return err
	}
	r := &container.Resources{CPUQuota: saved.Quota}
	switch {
	case saved.NanoCPUs > 0:
		r = &container.Resources{NanoCPUs: saved.NanoCPUs}
	case saved.Quota == 0: // 0 would mean "leave it"; −1 is none
		r.CPUQuota = -1
	}
	_, err := e.Client.ContainerUpdate(ctx, id, client.ContainerUpdateOptions{Resources: r})
	return err
}

// memoryTries is how often a limit is tried that has to be a little above what the container uses at that moment.
const memoryTries = 3

// limitMemory sets a limit of so many bytes, or of what the container uses now and some room. It never raises a limit.
func limitMemory(ctx context.Context, e *Engine, id string, params json.RawMessage) error {
	var p struct {
		Bytes int64   `json:"bytes"`
		Room  float64 `json:"room"` // a share of what it uses
	}
	if err := strict(params, &p); err != nil {
		return err
	}
	const least = 6 << 20 // the engine's own
	if p.Bytes != 0 && p.Room != 0 || p.Room < 0 || p.Room > 10 {
		return fmt.Errorf("engine: limit-memory: want bytes, or room from 0 to 10, got bytes %d and room %g", p.Bytes, p.Room)
	}
	if p.Room == 0 && p.Bytes < least {
		return fmt.Errorf("engine: limit-memory: bytes must be at least %d, got %d", least, p.Bytes)
	}
	before, err := e.limits(ctx, id)
	if err != nil {
		return err
	}
	for range memoryTries { // the container may use more by the time that the limit is set, and the kernel refuses it then
		limit := p.Bytes
		if p.Room > 0 {
			used, err := e.uses(ctx, id)
			if err != nil {
				return err
			}
			limit = max(least, int64(float64(used)*(1+p.Room)))
		}
		if before.Memory > 0 {
			limit = min(limit, before.Memory)
		}
		_, err = e.Client.ContainerUpdate(ctx, id, client.ContainerUpdateOptions{Resources: &container.Resources{Memory: limit, MemorySwap: limit}})
		if err == nil || p.Room == 0 {
			return err
		}
	}
	return err
}

// uses is the memory that a container uses, in bytes. The page cache counts, as it does for the kernel's limit: a process that has no
// room for its own program's pages hardly moves.
func (e *Engine) uses(ctx context.Context, id string) (int64, error) {
	s, err := e.statistics(ctx, id)
	if err != nil {
		return 0, err
	}
	if s.MemoryStats.Usage == 0 {
		return 0, fmt.Errorf("engine: limit-memory: the engine does not say how much memory %.12s uses", id)
	}
	return int64(s.MemoryStats.Usage), nil // #nosec G115 -- bytes of one machine
}

// unlimitMemory gives the container its limit back, and starts it again if the kernel has killed it meanwhile.
func unlimitMemory(ctx context.Context, e *Engine, id string, text json.RawMessage) error {
	var saved limits
	if err := json.Unmarshal(text, &saved); err != nil {
		return err
	}
	r := &container.Resources{Memory: saved.Memory, MemorySwap: saved.Swap}
	if saved.Memory == 0 { // the engine takes no "none" here: all that the machine has is as good
		r.Memory = e.Info.MemTotal &^ (1<<20 - 1)
		r.MemorySwap = r.Memory // and a swap of −1 is tried too late, after the memory
	}
	_, err := e.Client.ContainerUpdate(ctx, id, client.ContainerUpdateOptions{Resources: r})
	if err != nil || !saved.Running {
		return err
	}
	at, err := e.Client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	if s := at.Container.State; s != nil && s.Restarting { // the engine itself would wait ever longer before it starts it
		return restart(ctx, e, id, nil)
	}
	return start(ctx, e, id, nil)
}
