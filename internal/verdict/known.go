package verdict

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// need is something that a run must have for a metric to be known. Of a system that is not ours neither the CPU nor the
// telemetry need be known, and what is not known is not zero.
type need struct {
	met func(*measured) bool
	why string // what a budget for the metric says without it; "": that this system does not tell
}

// unmet is the first need that the run does not meet; false if it meets all.
func (m *measured) unmet(needs []need) (need, bool) {
	i := slices.IndexFunc(needs, func(n need) bool { return !n.met(m) })
	if i < 0 {
		return need{}, false
	}
	return needs[i], true
}

// has says that the run meets all needs.
func (m *measured) has(needs ...need) bool {
	_, unmet := m.unmet(needs)
	return !unmet
}

// inSomeSlot is met by a run that has no slot, too.
func inSomeSlot(is func(result.Slot) bool) need {
	return need{met: func(m *measured) bool { return len(m.slots) == 0 || slices.ContainsFunc(m.slots, is) }}
}

func cpuOfStack() need { return inSomeSlot(func(s result.Slot) bool { return hasStack(s.CPU) }) }

func cpuOfPipeline() need {
	return inSomeSlot(func(s result.Slot) bool { _, ok := s.CPU[pipeline]; return ok })
}

func memoryOfStack() need { return inSomeSlot(func(s result.Slot) bool { return hasStack(s.RSS) }) }

// peakOfStack is met when every slot has the peak of every service: of some services only, it would be too low.
func peakOfStack() need {
	return need{met: func(m *measured) bool {
		return !slices.ContainsFunc(m.slots, func(s result.Slot) bool { return !hasStack(s.Peak) || len(s.Peak) < len(s.RSS) })
	}}
}

func runtimes() need { return inSomeSlot(func(s result.Slot) bool { return len(s.Runtime) > 0 }) }

func telemetryAtAll() need {
	return inSomeSlot(func(s result.Slot) bool { return s.Telemetry != result.Telemetry{} })
}

func rest() need {
	return need{
		met: func(m *measured) bool { return m.idle != nil },
		why: "was not measured: this run does not know what its arms use at rest (toll.idle)",
	}
}

func prices() need {
	return need{met: func(m *measured) bool { return m.run.Prices != nil }, why: "was not measured: the experiment names no prices"}
}

func pricedLine() need { return need{met: func(m *measured) bool { return len(m.priced()) > 0 }} }

// hasStack reports whether a map by service has a service of the stack.
func hasStack[V any](used map[string]V) bool {
	for service := range used {
		if service != pipeline && service != backing {
			return true
		}
	}
	return false
}
