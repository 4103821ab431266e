package verdict

import (
	"maps"
	"math"
	"slices"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Breakdown is what the cost of a level is made of: its CPU time by service, and its telemetry by signal. All are means over launches,
// of the baseline over both of its arms. They have no intervals: the toll has those of the sums.
type Breakdown struct {
	Arm      result.Arm
	Services []Amount // CPU time in seconds per 1,000 requests, without that at rest where that is known; the pipeline is one of them
	Signals  []Amount // spans, log records, data points and bytes per 1,000 requests, and active series
}

// Amount is a part of a breakdown. Every level has the same parts.
type Amount struct {
	Of    string
	Unit  Unit
	Value float64 // NaN: not measured
	Over  float64 // of a signal: Value less that of the level before it in the order of the run; NaN for the baseline
}

// breakdowns are those of the baseline and of the levels above it, in the order of the run; nil where nothing of the kind is known.
func (m *measured) breakdowns() []Breakdown {
	services := m.services()
	signals := m.has(telemetryAtAll())
	if len(services) == 0 && !signals {
		return nil
	}
	var out []Breakdown
	for arm, a := range m.run.Arms {
		of := []int{arm}
		switch {
		case arm == m.baseline:
			of = m.reference
		case a.Role != result.RoleLevel:
			continue
		}
		b := Breakdown{Arm: a}
		for _, service := range services {
			cpu := func(s result.Slot) float64 { return s.CPU[service].Seconds() }
			b.Services = append(b.Services, Amount{service, Seconds, m.mean(of, func(arm, launch int) float64 {
				return perThousand(m.slotsOf(arm, launch), m.net(arm, launch, cpu))
			}), math.NaN()})
		}
		if signals {
			b.Signals = m.signals(of)
		}
		if len(out) > 0 {
			for i, before := range out[len(out)-1].Signals {
				b.Signals[i].Over = b.Signals[i].Value - before.Value
			}
		}
		out = append(out, b)
	}
	return out
}

// services are those whose CPU time a run knows, in alphabetical order, the pipeline last. The broker and store that all arms share are
// none.
func (m *measured) services() []string {
	of := map[string]bool{}
	for _, launch := range m.launches {
		for _, r := range launch {
			for _, s := range r.slots {
				for service := range s.CPU {
					of[service] = true
				}
			}
		}
	}
	piped := of[pipeline]
	delete(of, pipeline)
	delete(of, backing)
	out := slices.Sorted(maps.Keys(of))
	if piped {
		out = append(out, pipeline)
	}
	return out
}

// signals are the amounts of telemetry of some arms together.
func (m *measured) signals(arms []int) []Amount {
	var out []Amount
	for _, signal := range []struct {
		of     string
		unit   Unit
		amount counted
	}{
		{"spans", Count, spans}, {"log records", Count, logRecords}, {"data points", Count, dataPoints}, {"on the wire", Bytes, telemetryBytes},
	} {
		out = append(out, Amount{signal.of, signal.unit, m.mean(arms, func(arm, launch int) float64 {
			return perThousand(m.slotsOf(arm, launch), signal.amount(m, arm, launch))
		}), math.NaN()})
	}
	return append(out, Amount{"active series", Count, m.mean(arms, func(arm, launch int) float64 { return activeSeries(m.slotsOf(arm, launch)) }), math.NaN()})
}

// mean is the mean over launches and arms.
func (m *measured) mean(arms []int, value func(arm, launch int) float64) float64 {
	sum := 0.0
	for launch := range m.launches {
		for _, arm := range arms {
			sum += value(arm, launch)
		}
	}
	return sum / float64(len(arms)*len(m.launches))
}
