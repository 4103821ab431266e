package verdict

import (
	"math"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Sampling is what sampling by a ratio lets be seen of a fault whose evidence is in spans: what is to be expected, and what was
// found.
//
// A sampler that keeps a share of the traces keeps one of a request that shows the fault with the probability kept × shows. The
// number of requests until the first one is geometric: see stats.Until. That takes requests to be independent, as the fault's share
// of them is the same all the time.
type Sampling struct {
	Fault string
	From  string // the level that tells Shows: the one that keeps the largest share of traces
	// Shows is the share of the requests in which the fault shows, with its Clopper–Pearson interval: the traces in which the evidence
	// query found a span at From, in all passes, for each request that was sent while the fault was in force. Older runs did not
	// count traces: there it is spans, at most 1 a request, so that Shows is rather too high where a request has several.
	Shows  Interval
	Levels []Sampled // those that sample by a ratio, From apart
}

// Sampled is one fault at one level that samples by a ratio.
type Sampled struct {
	Level string
	Kept  float64 // the share of traces that the sampler keeps, in (0, 1)

	Need    Interval // requests until a trace of the fault is kept with sightConfidence; Lo is that of the upper end of Shows
	Seconds Interval // the time that these requests take at this level's load; NaN where none was sent
	Chance  float64  // that at least one is kept in a pass as long as it was; the mean over passes

	Requests          float64 // that were sent while the fault was in force, in all passes
	Found             float64 // traces that the evidence query found, in older runs spans
	First             float64 // seconds from the confirmed effect to the first of them, the mean over the passes that have one; NaN: not known
	Passes, Diagnosed int     // that were judged; and in which the level named the cause
}

// SightConfidence is the probability with which a fault is to be seen at least once: see Sampled.Need.
const SightConfidence = 0.95

// sighting is what the evidence query found in one pass at one level, and how much there was to find it in.
type sighting struct {
	fault, level             string
	found, requests, seconds float64
	first                    float64 // seconds from the confirmed effect to the first record; NaN: none, or not known
	diagnosed                bool
}

// Kept is the share of traces that a level keeps, by its head sampler, above 0; false where it exports none, or where something else
// chooses, such as the Collector at the end of a trace.
func Kept(l result.Level) (float64, bool) {
	share, known := otelenv.Sampled(l.Env)
	state := otelenv.Traces.State(l.Env)
	if !known && state == otelenv.OTLP && l.Env[otelenv.Sampler] == "" {
		share, known = 1, true // parentbased_always_on is the default of the specification
	}
	return share, known && share > 0 && state == otelenv.OTLP && l.Env[role.EnvTailSampling] == ""
}

// predict sets what sampling by a ratio should show beside what it did.
func (f *Frontier) predict(d *result.Data, m *catch.Matrix) {
	from, most := "", 0.0
	shares := map[string]float64{}
	for _, l := range d.Run.Levels {
		if share, known := Kept(l); known {
			if shares[l.Name] = share; share > most {
				from, most = l.Name, share
			}
		}
	}
	all := sightings(d, m)
	for _, score := range f.Points[0].Catch.Scores {
		of := slices.DeleteFunc(slices.Clone(all), func(s sighting) bool { return s.fault != score.Fault })
		if s, has := samplingOf(score.Fault, of, d.Run.Levels, from, shares); has {
			f.Sampling = append(f.Sampling, s)
		}
	}
	for i := range f.Points {
		f.Points[i].Predicted = f.predicted(&f.Points[i])
	}
}

// samplingOf is false where nothing tells in how many requests the fault shows, or no level samples by a ratio.
func samplingOf(fault string, all []sighting, levels []result.Level, from string, shares map[string]float64) (Sampling, bool) {
	source := totalOf(all, from)
	if source.found == 0 || source.requests == 0 {
		return Sampling{}, false
	}
	shows := stats.ClopperPearson(min(source.found, source.requests), source.requests, confidence)
	out := Sampling{Fault: fault, From: from}
	out.Shows = Interval{min(1, shows.Lo/shares[from]), min(1, shows.Mid/shares[from]), min(1, shows.Hi/shares[from])}
	for _, l := range levels {
		total, share := totalOf(all, l.Name), shares[l.Name]
		if l.Name == from || !(share > 0 && share < 1) || total.passes == 0 {
			continue
		}
		one := Sampled{Level: l.Name, Kept: share, Requests: total.requests, Found: total.found, First: total.first / float64(total.firsts), Passes: total.passes, Diagnosed: total.diagnosed}
		one.Need = Interval{stats.Until(share*out.Shows.Hi, SightConfidence), stats.Until(share*out.Shows.Mid, SightConfidence),
			stats.Until(share*out.Shows.Lo, SightConfidence)}
		each := math.NaN()
		if total.requests > 0 {
			each = total.seconds / total.requests
		}
		one.Seconds = Interval{one.Need.Lo * each, one.Need.Mid * each, one.Need.Hi * each}
		for _, s := range all {
			if s.level == l.Name {
				one.Chance += stats.AtLeastOne(share*out.Shows.Mid, s.requests) / float64(total.passes)
			}
		}
		out.Levels = append(out.Levels, one)
	}
	return out, len(out.Levels) > 0
}

// sightingTotal is the sum over the passes of a fault at one level.
type sightingTotal struct {
	found, requests, seconds, first float64
	firsts, passes, diagnosed       int
}

func totalOf(all []sighting, level string) sightingTotal {
	var out sightingTotal
	for _, s := range all {
		if s.level == level {
			out.found, out.requests, out.seconds, out.passes = out.found+s.found, out.requests+s.requests, out.seconds+s.seconds, out.passes+1
			if s.diagnosed {
				out.diagnosed++
			}
			if !math.IsNaN(s.first) {
				out.first, out.firsts = out.first+s.first, out.firsts+1
			}
		}
	}
	return out
}

// sightings are those of the faults whose evidence is in spans, in the passes that were judged.
func sightings(d *result.Data, m *catch.Matrix) []sighting {
	var out []sighting
	for _, row := range m.Faults {
		if row.Fault.EvidenceIn() != result.InSpans {
			continue
		}
		for _, c := range row.Cells {
			e, found := evidenceOf(d.Faults, row, c.Level)
			if !found || c.Confirmed.IsZero() || !c.State.Judged() {
				continue
			}
			s := sighting{fault: row.Fault.ID, level: c.Level, found: e.Values["fault"], first: math.NaN(), diagnosed: c.Diagnosed}
			if traces, counted := e.Values["traces"]; counted {
				s.found = traces
			}
			if !e.Since.IsZero() {
				s.first = max(0, e.Since.Sub(c.Confirmed).Seconds())
			}
			s.requests, s.seconds = sentBetween(d.Slots, c.Level, c.Confirmed, e.Time)
			out = append(out, s)
		}
	}
	return out
}

// evidenceOf is what the query found in a pass at a level. Its time is the end of the window in which it looked.
func evidenceOf(events []result.FaultEvent, row catch.Row, level string) (result.FaultEvent, bool) {
	i := slices.IndexFunc(events, func(e result.FaultEvent) bool {
		return e.Phase == result.PhaseEvidence && e.Fault == row.Fault.ID && e.Pass == row.Pass && e.Arm == level
	})
	if i < 0 {
		return result.FaultEvent{}, false
	}
	return events[i], true
}

// sentBetween is how many requests a level was sent, and in how long. A slot belongs to the time in which the middle of its sending
// is; it ends when the answers are in.
func sentBetween(slots []result.Slot, level string, from, to time.Time) (requests, seconds float64) {
	for _, s := range slots {
		middle := s.Start.Add(slot.CatchLength / 2)
		if s.Phase == slot.Catch && s.Arm == level && !middle.Before(from) && middle.Before(to) {
			requests, seconds = requests+float64(s.Work.Sent), seconds+slot.CatchLength.Seconds()
		}
	}
	return requests, seconds
}

// predicted is the share of the judged faults that a level which samples by a ratio should diagnose: those of Sampling with their
// chance, and the others as they were. NaN where nothing of it is predicted.
func (f *Frontier) predicted(p *Point) float64 {
	sum, n, told := 0.0, 0.0, false
	for _, score := range p.Catch.Scores {
		if score.Judged == 0 {
			continue
		}
		n++
		chance, predicted := f.chanceOf(score.Fault, p.Level)
		if told = told || predicted; predicted {
			sum += chance
		} else {
			sum += float64(score.Diagnosed) / float64(score.Judged)
		}
	}
	if !told {
		return math.NaN()
	}
	return sum / n
}

func (f *Frontier) chanceOf(fault, level string) (float64, bool) {
	for _, s := range f.Sampling {
		for _, l := range s.Levels {
			if s.Fault == fault && l.Level == level {
				return l.Chance, true
			}
		}
	}
	return 0, false
}
