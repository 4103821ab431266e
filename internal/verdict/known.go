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
		return any(func(s result.Slot) bool { return ofStack(s.CPU) })
	case "memory":
		return any(func(s result.Slot) bool { return ofStack(s.RSS) })
	case "pipeline-cpu":
		return any(func(s result.Slot) bool { _, ok := s.CPU[pipeline]; return ok })
	case "spans", "log-records", "data-points", "bytes", "series":
		return any(func(s result.Slot) bool { return s.Telemetry != result.Telemetry{} })
	default:
		return true
	}
}

// ofStack reports whether a map by service has a service of the stack.
func ofStack[V any](used map[string]V) bool {
	for service := range used {
		if service != pipeline && service != backing {
			return true
		}
	}
	return false
}
