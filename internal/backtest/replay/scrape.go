package replay

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
)

// Interval is how often samples of a series come in, in the time of the rules: that of the slower of the run's two sources, scrapes and
// exports, or that of Scraped.
func (r *Recording) Interval() time.Duration {
	if r.every > 0 {
		return r.ruleTime(time.Duration(r.every) * time.Millisecond)
	}
	return r.ruleTime(max(r.experiment.Telemetry.ScrapeInterval, r.experiment.Telemetry.CatchMetricInterval))
}

// ruleTime is a time of the run in the time of the rules.
func (r *Recording) ruleTime(d time.Duration) time.Duration {
	return time.Duration(math.Round(float64(d) * r.experiment.Alerts.Lapse))
}

// Scraped is the recording as it would be if targets were scraped, and services exported, only every so often, in the time of the rules.
// Of each such interval the first sample is there. When intervals begin is drawn for every target, from the seed of the run. A series
// that ends in the middle of an interval ends for the rules at the next one. Intervals are whole multiples of the recorded ones, and
// longer; the error names the least.
func (r *Recording) Scraped(every time.Duration) (*Recording, error) {
	for _, of := range []time.Duration{r.experiment.Telemetry.ScrapeInterval, r.experiment.Telemetry.CatchMetricInterval} {
		times := float64(every) / float64(r.ruleTime(of))
		if times < 1.5 || math.Abs(times-math.Round(times)) > 1e-9 {
			return nil, fmt.Errorf("a scrape interval of %s is none that the series can tell: want a multiple of the recorded %s in the time of the rules, from %s on",
				model.Duration(every), model.Duration(r.Interval()), model.Duration(2*r.Interval()))
		}
	}
	out := *r
	out.every = time.Duration(float64(every) / r.experiment.Alerts.Lapse).Milliseconds()
	return &out, nil
}

// thin leaves out the samples of recorded series that would not have been taken. What rules recorded stays, and so do series with
// native histograms; the names of these are returned.
func (r *Recording) thin(s *store) (_ *store, whole []string) {
	if r.every == 0 {
		return s, nil
	}
	byRules := records(r.groups)
	var out []*series
	for _, of := range s.series {
		switch name := of.labels.Get(model.MetricNameLabel); {
		case slices.Contains(byRules, name):
			out = append(out, of)
		case of.mixed != nil:
			out = append(out, of)
			if !slices.Contains(whole, name) {
				whole = append(whole, name)
			}
		default:
			out = append(out, &series{labels: of.labels, floats: of.floats.every(r.every, r.offset(of.labels))})
		}
	}
	return newStore(out), whole
}

// wholeNotes say which series are as they were recorded.
func wholeNotes(arm string, names []string) []string {
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: all samples are there of metrics with native histograms, which are not thinned: %s", arm, strings.Join(names, ", "))}
}

// offset is when the intervals of a target begin, ms, from 0 to below one interval.
func (r *Recording) offset(of labels.Labels) int64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\xff%s\xff%s", r.Data.Run.Seed, of.Get(model.JobLabel), of.Get(model.InstanceLabel))
	return int64(h.Sum64() % uint64(r.every)) // #nosec G115 -- below an interval, which is above 0
}

// every keeps the first sample of each interval. A staleness marker behind it stands for a target that is gone, which the next scrape
// finds, unless a sample is there again.
func (f floats) every(interval, offset int64) floats {
	var out floats
	last, gone := int64(math.MinInt64), false // the number of the interval before, and whether the series ended in it
	end := func() { out = append(out, float{(last+1)*interval + offset, math.Float64frombits(value.StaleNaN)}) }
	for _, s := range f {
		n := (s.t - offset) / interval
		if n == last {
			gone = value.IsStaleNaN(s.v)
			continue
		}
		if gone && n > last+1 {
			end()
		}
		out, last, gone = append(out, s), n, false
	}
	if gone {
		end()
	}
	return out
}
