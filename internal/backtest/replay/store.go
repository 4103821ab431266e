package replay

import (
	"context"
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
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
	times  []int64 // ms
	values []float64
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
		s.times, s.values = append(s.times, t), append(s.values, v)
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
	c, ok := reused.(*cursor)
	if !ok {
		c = &cursor{}
	}
	c.series, c.at = s, -1
	return c
}

// cursor iterates over the floats of a series.
type cursor struct {
	*series
	at int // −1 before the first
}

// Next implements chunkenc.Iterator.
func (c *cursor) Next() chunkenc.ValueType {
	if c.at < len(c.times) {
		c.at++
	}
	return c.kind()
}

// Seek implements chunkenc.Iterator.
func (c *cursor) Seek(t int64) chunkenc.ValueType {
	from := max(c.at, 0)
	if from < len(c.times) && c.times[from] < t {
		from += sort.Search(len(c.times)-from, func(i int) bool { return c.times[from+i] >= t })
	}
	c.at = from
	return c.kind()
}

func (c *cursor) kind() chunkenc.ValueType {
	if c.at >= len(c.times) {
		return chunkenc.ValNone
	}
	return chunkenc.ValFloat
}

// At implements chunkenc.Iterator.
func (c *cursor) At() (int64, float64) { return c.times[c.at], c.values[c.at] }

// AtT implements chunkenc.Iterator.
func (c *cursor) AtT() int64 { return c.times[c.at] }

// AtST implements chunkenc.Iterator: start times were not recorded.
func (c *cursor) AtST() int64 { return 0 }

// AtHistogram implements chunkenc.Iterator; there is none.
func (c *cursor) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	return math.MinInt64, nil
}

// AtFloatHistogram implements chunkenc.Iterator; there is none.
func (c *cursor) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return math.MinInt64, nil
}

// Err implements chunkenc.Iterator.
func (c *cursor) Err() error { return nil }

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
		if n := len(of.times); n > 0 {
			first, last, ok = min(first, of.times[0]), max(last, of.times[n-1]), true
		}
	}
	return first, last, ok
}

// names are those of the series, sorted.
func (s *store) names() []string {
	var out []string
	for name := range s.byName {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
