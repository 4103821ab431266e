package recording

import (
	"errors"
	"net/url"
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"go.k6.io/k6/v2/metrics"

	"github.com/tollgate-dev/tollgate/internal/core/hlog"
)

const (
	// openIntervals is how many intervals of a series have a histogram in memory. Where samples come of still another one, the
	// oldest goes to the file, and may get a second line there.
	openIntervals = 2

	// mostKnown is for how many sets of tags the series is remembered. With a tag that never comes again (a URL with an id)
	// there are as many as requests.
	mostKnown = 10_000

	mostName = 1000 // bytes of a series' name; a longer one goes to the rest series
)

// book is what was recorded and is not in the file yet. Its memory is bounded by the options, whatever the length of the run.
// It is not safe for concurrent use.
type book struct {
	options
	w        *hlog.Writer
	standard map[string]bool // k6's own metrics

	series map[string]*series
	rests  int // of series: rest series, which do not count for the limit
	known  map[metrics.TimeSeries]*series
	spare  map[hlog.Unit][]*hdr.Histogram // empty, to be used again
	seen   map[string]bool                // metrics that were recorded
	totals hlog.Totals
}

// series is a metric with the values of some tags.
type series struct {
	name string
	unit hlog.Unit
	rest bool
	open []interval // at most openIntervals, in the order in which they were opened
}

// interval is a histogram of the time that starts at start, ms since the epoch.
type interval struct {
	start int64
	h     *hdr.Histogram
}

func newBook(o options, w *hlog.Writer) (*book, error) {
	own, err := standard()
	if err != nil {
		return nil, err
	}
	return &book{
		options: o, w: w, standard: own,
		series: map[string]*series{}, known: map[metrics.TimeSeries]*series{}, spare: map[hlog.Unit][]*hdr.Histogram{}, seen: map[string]bool{},
	}, nil
}

// add takes a sample.
func (b *book) add(s metrics.Sample) error {
	switch s.Metric.Name {
	case metrics.DroppedIterationsName:
		b.totals.Dropped += int64(s.Value)
	case metrics.HTTPReqFailedName:
		b.totals.Requests++
		if s.Value != 0 {
			b.totals.Failed++
		}
	}
	if s.Metric.Type != metrics.Trend || !b.wants(s.Metric.Name) {
		return nil
	}
	to := b.of(s.TimeSeries)
	h, err := b.at(to, s.Time.UnixMilli())
	b.totals.Values++
	if to.rest {
		b.totals.Rest++
	}
	if to.unit.Record(h, s.Value) {
		b.totals.Clamped++
	}
	return err
}

// wants says whether a trend is recorded.
func (b *book) wants(metric string) bool {
	if len(b.metrics) > 0 {
		return slices.Contains(b.metrics, metric)
	}
	return metric == metrics.HTTPReqDurationName || !b.standard[metric]
}

// of is the series of a sample.
func (b *book) of(t metrics.TimeSeries) *series {
	if s, ok := b.known[t]; ok {
		return s
	}
	tags := url.Values{}
	for _, name := range append([]string{metrics.TagScenario.String()}, b.tags...) {
		if v, ok := t.Tags.Get(name); ok {
			tags.Set(name, v)
		}
	}
	name, rest := hlog.SeriesName(t.Metric.Name, tags), false
	if _, ok := b.series[name]; !ok && (len(b.series)-b.rests >= b.options.series || len(name) > mostName) {
		name, rest = hlog.RestName(t.Metric.Name), true
	}
	s, ok := b.series[name]
	if !ok {
		s = &series{name: name, unit: unitOf(t.Metric), rest: rest}
		b.series[name] = s
		b.seen[t.Metric.Name] = true
		if rest {
			b.rests++
		}
	}
	if len(b.known) >= mostKnown {
		clear(b.known)
	}
	b.known[t] = s
	return s
}

// unitOf is the unit of a trend: of time, or of anything else.
func unitOf(m *metrics.Metric) hlog.Unit {
	if m.Contains == metrics.Time {
		return hlog.Time
	}
	return hlog.Number
}

// at is the histogram of a series for a time in ms since the epoch.
func (b *book) at(s *series, ms int64) (*hdr.Histogram, error) {
	start := ms - ms%b.interval.Milliseconds()
	for _, i := range s.open {
		if i.start == start {
			return i.h, nil
		}
	}
	var err error
	if len(s.open) == openIntervals {
		oldest := 0
		for k, i := range s.open {
			if i.start < s.open[oldest].start {
				oldest = k
			}
		}
		err = b.close(s, oldest)
	}
	h := b.histogram(s.unit)
	s.open = append(s.open, interval{start, h})
	return h, err
}

func (b *book) histogram(u hlog.Unit) *hdr.Histogram {
	if n := len(b.spare[u]); n > 0 {
		h := b.spare[u][n-1]
		b.spare[u] = b.spare[u][:n-1]
		return h
	}
	return u.New()
}

// close writes interval k of a series.
func (b *book) close(s *series, k int) error {
	i := s.open[k]
	s.open = slices.Delete(s.open, k, k+1)
	err := b.w.Write(s.name, i.start, i.h)
	i.h.Reset()
	b.spare[s.unit] = append(b.spare[s.unit], i.h)
	return err
}

// closeBefore writes all intervals that ended before a time in ms since the epoch, and the counts if there were any. They are
// in the file when it returns.
func (b *book) closeBefore(ms int64) error {
	var errs []error
	any := false
	for _, s := range b.series {
		for k := len(s.open) - 1; k >= 0; k-- {
			if s.open[k].start+b.interval.Milliseconds() <= ms {
				errs, any = append(errs, b.close(s, k)), true
			}
		}
	}
	if any {
		errs = append(errs, b.w.SoFar(b.now()))
	}
	return errors.Join(append(errs, b.w.Flush())...)
}

// end writes the counts of the whole run.
func (b *book) end() error { return errors.Join(b.w.End(b.now()), b.w.Flush()) }

// now is the counts at this moment.
func (b *book) now() hlog.Totals {
	t := b.totals
	t.AtMS = time.Now().UnixMilli()
	return t
}
