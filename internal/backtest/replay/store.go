package replay

import (
	"context"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// store is the recorded series that rules read, in memory: rules ask for the same few series thousands of times.
type store struct {
	series []*series
	byName map[string][]*series
	found  map[string][]*series // what matchers have found before
}

// series is one series. Its samples are floats; a series with native histograms is read from where it came from.
type series struct {
	labels labels.Labels
	floats floats
	mixed  storage.Series // nil: there are only floats
}

// newStore takes series over, which must be sorted by their labels.
func newStore(all []*series) *store {
	s := &store{series: all, byName: map[string][]*series{}, found: map[string][]*series{}}
	for _, of := range all {
		name := of.labels.Get(model.MetricNameLabel)
		s.byName[name] = append(s.byName[name], of)
	}
	return s
}

// add takes more series over, which are of a metric that was not there.
func (s *store) add(made map[string]*series) {
	all := slices.AppendSeq(slices.Clone(s.series), maps.Values(made))
	slices.SortFunc(all, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
	*s = *newStore(all)
}

// selected are the series that match, sorted by their labels.
func (s *store) selected(matchers []*labels.Matcher) []*series {
	var key strings.Builder
	for _, m := range matchers {
		key.WriteString(m.String() + "\xff")
	}
	if found, ok := s.found[key.String()]; ok {
		return found
	}
	from := s.series
	if name := nameOf(matchers); name != "" {
		from = s.byName[name]
	}
	var out []*series
	for _, of := range from {
		if matches(of.labels, matchers) {
			out = append(out, of)
		}
	}
	s.found[key.String()] = out
	return out
}

func matches(l labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// nameOf is the metric that matchers name, or "" if they may match several.
func nameOf(matchers []*labels.Matcher) string {
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return ""
}

// load reads the series of these metrics, or of all that are not hidden where names is nil.
func load(ctx context.Context, q storage.Querier, names []string, hidden func(name string) bool) (*store, error) {
	matcher := labels.MustNewMatcher(labels.MatchNotEqual, model.MetricNameLabel, "")
	if names != nil {
		matcher = anyOf(names)
	}
	var all []*series
	set := q.Select(ctx, true, nil, matcher)
	for set.Next() {
		if s := set.At(); !hidden(s.Labels().Get(model.MetricNameLabel)) {
			all = append(all, read(s))
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return newStore(all), set.Err()
}

// anyOf matches these names of metrics.
func anyOf(names []string) *labels.Matcher {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return labels.MustNewMatcher(labels.MatchRegexp, model.MetricNameLabel, strings.Join(quoted, "|"))
}

// read takes the samples of a series.
func read(from storage.Series) *series {
	s := &series{labels: from.Labels().Copy()}
	it := from.Iterator(nil)
	for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
		if kind != chunkenc.ValFloat {
			return &series{labels: s.labels, mixed: from}
		}
		t, v := it.At()
		s.floats = append(s.floats, float{t, v})
	}
	return s
}

// Labels implements storage.Series.
func (s *series) Labels() labels.Labels { return s.labels }

// Iterator implements storage.Series.
func (s *series) Iterator(reused chunkenc.Iterator) chunkenc.Iterator {
	if s.mixed != nil {
		return s.mixed.Iterator(nil)
	}
	if again, ok := reused.(interface{ Reset(samples storage.Samples) }); ok {
		again.Reset(s.floats)
		return reused
	}
	return storage.NewListSeriesIterator(s.floats)
}

// floats are samples in the order of their times. It implements storage.Samples.
type floats []float

// Get implements storage.Samples.
func (f floats) Get(i int) chunks.Sample { return &f[i] }

// Len implements storage.Samples.
func (f floats) Len() int { return len(f) }

// float is one sample. It implements chunks.Sample.
type float struct {
	t int64 // ms
	v float64
}

func (f *float) T() int64                      { return f.t }
func (f *float) ST() int64                     { return 0 } // start times were not recorded
func (f *float) F() float64                    { return f.v }
func (f *float) H() *histogram.Histogram       { return nil }
func (f *float) FH() *histogram.FloatHistogram { return nil }
func (f *float) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (f *float) Copy() chunks.Sample           { return &float{f.t, f.v} }

// set iterates over series.
type set struct {
	of []*series
	at int // from 1
}

func newSet(of []*series) *set { return &set{of: of} }

// Next implements storage.SeriesSet.
func (s *set) Next() bool {
	s.at++
	return s.at <= len(s.of)
}

// At implements storage.SeriesSet.
func (s *set) At() storage.Series { return s.of[s.at-1] }

// Err implements storage.SeriesSet.
func (s *set) Err() error { return nil }

// Warnings implements storage.SeriesSet.
func (s *set) Warnings() annotations.Annotations { return nil }

// span is the time of the first sample and of the last, ms; false if there is none.
func (s *store) span() (first, last int64, ok bool) {
	first, last = math.MaxInt64, math.MinInt64
	for _, of := range s.series {
		if n := len(of.floats); n > 0 {
			first, last, ok = min(first, of.floats[0].t), max(last, of.floats[n-1].t), true
		}
	}
	return first, last, ok
}
