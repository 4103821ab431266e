package verdict

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/stats"
)

// mostHops is how many hops a log can have: more than the load generator tells apart.
const mostHops = 16

// Quantiles by which a hop is shown.
const (
	medianOf = 0.5
	tailOf   = 0.95
)

// Hop is a part of the service time of the main step: what one hop took by itself, without the hops within it, in those answers
// that it had a part in. Medians of hops do not add up to the median of the whole.
type Hop struct {
	Name     string      // as the answers name it; "" when Outside
	Outside  bool        // what no hop took: the way between the load generator and the system
	Share    float64     // of the baseline's answers that it had a part in, in [0, 1]
	Baseline []Absolute  // its median and 95th percentile
	Toll     []LevelToll // likewise, for the other arms in the order of Analysis.Toll; significant is a difference whose interval excludes 0
	Note     string      // what makes its numbers doubtful; "" if nothing does
}

// hopMetrics are those of all metrics by which a hop is shown.
func hopMetrics(m *measured) []metric {
	return slices.DeleteFunc(metricsOf(m.run), func(x metric) bool { return x.Quantile != medianOf && x.Quantile != tailOf })
}

// hopTimes are the histograms of one hop, as packed as they were recorded: a night has thousands.
type hopTimes struct {
	Hop
	slots map[place][]*hdr.PackedHistogram // by arm; nil: the arm has none
}

// hops are all that the answers of the toll phase tell, in the order of the log, which is theirs.
func (m *measured) hops(d *result.Data, confidence float64) ([]Hop, error) {
	times, err := m.hopTimes(d)
	if err != nil {
		return nil, err
	}
	var out []Hop
	for _, of := range times {
		out = append(out, m.hop(of, confidence))
	}
	return out, nil
}

// hopTimes collects what the log has of every hop.
func (m *measured) hopTimes(d *result.Data) ([]*hopTimes, error) {
	var all []*hopTimes
	for _, l := range d.Latency {
		arm := slices.IndexFunc(m.run.Arms, func(a result.Arm) bool { return a.Name == l.Arm })
		if l.Phase != slot.Toll || arm < 0 || l.Kind != result.Own && l.Kind != result.Outside {
			continue
		}
		h, err := l.Packed()
		if err != nil {
			return nil, err
		}
		of := Hop{Name: l.Step}
		if l.Kind == result.Outside {
			of = Hop{Outside: true}
		}
		i := slices.IndexFunc(all, func(t *hopTimes) bool { return t.Name == of.Name && t.Outside == of.Outside })
		if i < 0 {
			if i = len(all); i == mostHops {
				return nil, fmt.Errorf("the latency log names more than %d hops, and no run writes so many: %.100q", mostHops, l.Step)
			}
			all = append(all, &hopTimes{of, map[place][]*hdr.PackedHistogram{}})
		}
		at := place{l.Launch, l.Round}
		if all[i].slots[at] == nil {
			all[i].slots[at] = make([]*hdr.PackedHistogram, len(m.run.Arms))
		}
		all[i].slots[at][arm] = h
	}
	return all, nil
}

// hop estimates what every arm's time in a hop is, and what it is over the baseline, as the toll is estimated.
func (m *measured) hop(of *hopTimes, confidence float64) Hop {
	rounds := m.roundsOf(of)
	t := &tolls{measured: m, metrics: hopMetrics(m), spreads: map[string]stats.Spread{}}
	for _, x := range t.metrics {
		t.series = append(t.series, m.hopSeries(rounds, x))
	}
	hop := of.Hop
	hop.Share, hop.Note = m.shareOf(of), m.doubt(of)
	hop.Baseline = t.absolute()
	for _, arm := range t.order() {
		l := t.level(arm, confidence)
		for i := range l.Effects { // by what is shown of a hop
			e := &l.Effects[i]
			e.Significant = e.Diff.Lo > 0 || e.Diff.Hi < 0
		}
		hop.Toll = append(hop.Toll, l)
	}
	if hop.Note == "" && hop.atFloor() {
		hop.Note = "no more than 1 µs, the least that is told apart: what is within it takes as long together as itself, or longer, side by side"
	}
	return hop
}

// roundsOf are the complete rounds in which every arm has the hop, by launch, round and arm.
func (m *measured) roundsOf(of *hopTimes) [][][]*hdr.PackedHistogram {
	out := make([][][]*hdr.PackedHistogram, len(m.launches))
	for l, rounds := range m.launches {
		for _, r := range rounds {
			arms := of.slots[place{r.slots[0].Launch, r.slots[0].Round}]
			if len(arms) > 0 && !slices.Contains(arms, nil) {
				out[l] = append(out[l], arms)
			}
		}
	}
	return out
}

// hopSeries are the values of a quantile, over groups of rounds as those of latency are.
func (m *measured) hopSeries(launches [][][]*hdr.PackedHistogram, x metric) series {
	counts := make([][][]int64, len(launches))
	for l, rounds := range launches {
		for _, arms := range rounds {
			var n []int64
			for _, h := range arms {
				n = append(n, h.TotalCount())
			}
			counts[l] = append(counts[l], n)
		}
	}
	s := series{values: emptySeries(m)}
	var need int
	if s.group, need = groupSize(counts, 1-x.Quantile); s.group == 0 {
		s.note = fmt.Sprintf("%s of a hop needs groups of %d rounds in one launch at this rate, which no launch of this run has", x.ID, need)
		return s
	}
	if s.group > 1 {
		s.note = fmt.Sprintf("%s of a hop is taken over merged groups of at least %d rounds", x.ID, s.group)
	}
	merged := result.NewHistogram()
	for l, rounds := range launches {
		for _, group := range groups(rounds, s.group) {
			for arm := range m.run.Arms {
				merged.Reset()
				for _, arms := range group {
					arms[arm].MergeInto(merged)
				}
				s.values[arm][l] = append(s.values[arm][l], float64(merged.ValueAtQuantile(100*x.Quantile))/1e9)
			}
		}
	}
	return s
}

// shareOf is the share of the baseline's answers that have a hop.
func (m *measured) shareOf(of *hopTimes) float64 {
	var has, all int64
	for _, rounds := range m.launches {
		for _, r := range rounds {
			arms := of.slots[place{r.slots[0].Launch, r.slots[0].Round}]
			for _, arm := range m.reference {
				all += r.response[arm].TotalCount()
				if arms != nil && arms[arm] != nil {
					has += arms[arm].TotalCount()
				}
			}
		}
	}
	return float64(has) / float64(max(1, all))
}

// doubt names the arms whose answers never name a hop: there is nothing to compare then.
func (m *measured) doubt(of *hopTimes) string {
	var without []string
	for arm, a := range m.run.Arms {
		if !slices.ContainsFunc(slices.Collect(maps.Values(of.slots)), func(arms []*hdr.PackedHistogram) bool { return arms[arm] != nil }) {
			without = append(without, a.Name)
		}
	}
	if len(without) == 0 {
		return ""
	}
	return "cannot be compared: no answer names it at " + strings.Join(without, ", ")
}

// leastTold is in seconds what is above the least value of a histogram, 1 µs, and below the next one.
const leastTold = 1.2e-6

// atFloor says that the baseline's median is the least value that a histogram has.
func (h Hop) atFloor() bool {
	return slices.ContainsFunc(h.Baseline, func(b Absolute) bool { return b.Metric.Quantile == medianOf && b.Value < leastTold })
}
