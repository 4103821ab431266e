package verdict

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// known says of a metric whether this run's environment could read it at all: of a system that is not ours neither the CPU
// nor the telemetry need be known, and what is not known is not zero.
func (m *measured) known(id string) bool {
	any := func(is func(result.Slot) bool) bool { return len(m.slots) == 0 || slices.ContainsFunc(m.slots, is) }
	switch id {
	case "cpu":
		return any(func(s result.Slot) bool { return hasStack(s.CPU) })
	case "idle-cpu":
		return m.idle != nil && m.known("cpu")
	case "rss":
		return any(func(s result.Slot) bool { return hasStack(s.RSS) })
	case "rss-peak": // of some services only, it would be too low
		return !slices.ContainsFunc(m.slots, func(s result.Slot) bool {
			return !hasStack(s.Peak) || len(s.Peak) < len(s.RSS)
		})
	case "pipeline-cpu":
		return any(func(s result.Slot) bool { _, ok := s.CPU[pipeline]; return ok })
	case "idle-pipeline-cpu":
		return m.idle != nil && m.known("pipeline-cpu")
	case "allocs", "alloc-objects", "gc-cpu":
		return any(func(s result.Slot) bool { return len(s.Runtime) > 0 })
	case "money":
		return len(m.priced()) > 0
	case "spans", "log-records", "data-points", "bytes", "series":
		return any(func(s result.Slot) bool { return s.Telemetry != result.Telemetry{} })
	default:
		return true
	}
}

// hasStack reports whether a map by service has a service of the stack.
func hasStack[V any](used map[string]V) bool {
	for service := range used {
		if service != pipeline && service != backing {
			return true
		}
	}
	return false
}
