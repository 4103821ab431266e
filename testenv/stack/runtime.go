package stack

import (
	"context"
	"encoding/json"
	"math"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// runtimeReport is what the Go runtime has counted since the start of the process. The runtime counts it in any case, so only
// the reading costs something.
//
// Allocations are counted exactly. Package runtime/metrics would leave out those in the spans of memory that each processor keeps for
// each size of objects until they are full, some 8 KiB each: 5 to 20 % of what a slot allocates, by chance.
//
// The runtime counts the CPU time of a garbage collection when the collection ends. So the difference of two readings is the
// time of the collections that ended between them. It is an estimate by the runtime's own clock and includes workers on
// otherwise idle cores. If the machine has other work, or the process was stopped, it is larger than the kernel's count.
//
// Source: package runtime/metrics, Supported metrics.
type runtimeReport struct {
	AllocBytes   uint64        `json:"alloc_bytes"`
	AllocObjects uint64        `json:"alloc_objects"`
	GCCPU        time.Duration `json:"gc_cpu"` // ns
	GCCycles     uint64        `json:"gc_cycles"`
}

// runtimeEndpoint returns the question of every role that is answered with a runtimeReport.
func runtimeEndpoint() endpoint {
	return endpoint{name: role.RuntimeQuestion, act: func(_ context.Context, params json.RawMessage) (any, error) {
		if err := decode(params, &struct{}{}); err != nil {
			return nil, err
		}
		return readRuntime(), nil
	}}
}

func readRuntime() runtimeReport {
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap) // stops the process for some 20 µs and takes in what the processors keep
	samples := []metrics.Sample{
		{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	return runtimeReport{
		AllocBytes: heap.TotalAlloc, AllocObjects: heap.Mallocs,
		GCCPU: time.Duration(math.Round(samples[0].Value.Float64() * 1e9)), GCCycles: samples[1].Value.Uint64(),
	}
}
