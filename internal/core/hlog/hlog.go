// Package hlog is the log that `k6 run --out perso=FILE` keeps of any k6 script: the values of its trends as interval
// histograms, in the format HdrHistogram log V1.3, which the tools of HdrHistogram open.
//
//	#[tollgate recorder: {"version":1,"interval_ms":1000,"start_ms":1767366248123,"segment":"0:1"}]
//	#[Histogram log format version 1.3]
//	#[StartTime: 1767366248 (seconds since epoch), 2026-01-02T15:04:08Z]
//	"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
//	Tag=http_req_duration?name=list&scenario=default,1767366248.000000,1.000000,3.211264,HISTFAAAA…
//	#[So far: {"at_ms":1767366249250,"values":812,"requests":812,…}]
//	#[End: {"at_ms":1767366260750,"values":1630,"requests":1630,…}]
//
// The tag is a series: the metric, and its scenario and chosen tags as a query string. Intervals start at whole multiples of
// their length since the epoch, in UTC, so those of several processes coincide. A series may have several lines for one
// interval: together they are what was recorded in it.
package hlog

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Version of the format. A reader refuses one that is newer.
const Version = 1

// Head is what a log says of itself in its first line.
type Head struct {
	Version    int    `json:"version"`
	IntervalMS int64  `json:"interval_ms"` // length of the intervals
	StartMS    int64  `json:"start_ms"`    // when the process began, since the epoch
	Segment    string `json:"segment"`     // execution segments of k6 that the log has, e.g. 0:1/3 or 0:1/3,2/3:1; 0:1: the whole plan
}

// Totals are counts since the start of the run.
type Totals struct {
	AtMS     int64 `json:"at_ms"`    // when they were right, since the epoch
	Values   int64 `json:"values"`   // recorded, over all series
	Rest     int64 `json:"rest"`     // of Values: in a rest series, since there were too many series
	Clamped  int64 `json:"clamped"`  // of Values: outside of the range, recorded as its end
	Requests int64 `json:"requests"` // HTTP requests
	Failed   int64 `json:"failed"`   // of Requests: failed by k6's measure (http_req_failed)
	Dropped  int64 `json:"dropped"`  // iterations that k6 dropped: no VU was free when they were due
}

// Add adds the counts of another log.
func (t *Totals) Add(o Totals) {
	t.AtMS = max(t.AtMS, o.AtMS)
	t.Values += o.Values
	t.Rest += o.Rest
	t.Clamped += o.Clamped
	t.Requests += o.Requests
	t.Failed += o.Failed
	t.Dropped += o.Dropped
}

// Unit is what the values of a series are, and so which geometry its histograms have.
type Unit struct {
	Name            string  // for people: ms, or "" for values without a unit
	scale           float64 // a histogram's value of 1 in the unit
	lowest, highest int64   // of the geometry
}

// digits is the number of significant digits that every histogram has.
const digits = 3

// The units. Time is as in the log of a run of tollgate: nanoseconds from 1 µs to 60 s. Other values have three decimals, up
// to 10⁹.
var (
	Time   = Unit{Name: "ms", scale: 1e6, lowest: int64(time.Microsecond), highest: int64(time.Minute)}
	Number = Unit{Name: "", scale: 1e3, lowest: 1, highest: 1e12}
)

// New returns an empty histogram for values of the unit.
func (u Unit) New() *hdr.Histogram { return hdr.New(u.lowest, u.highest, digits) }

// Record adds a value, in the unit (ms for Time). It is true if the value was outside of the range, or no number, and was
// recorded as the nearest end of the range.
func (u Unit) Record(h *hdr.Histogram, value float64) (clamped bool) {
	v := math.Round(value * u.scale)
	switch {
	case !(v >= 0): // NaN, too
		v, clamped = 0, true
	case v > float64(u.highest):
		v, clamped = float64(u.highest), true
	}
	_ = h.RecordValue(int64(v)) // is in range
	return clamped
}

// Value is a histogram's value in the unit.
func (u Unit) Value(v int64) float64 { return float64(v) / u.scale }

// UnitOf returns the unit of a histogram.
func UnitOf(h *hdr.Histogram) (Unit, error) {
	for _, u := range []Unit{Time, Number} {
		if h.LowestTrackableValue() == u.lowest && h.HighestTrackableValue() == u.highest && h.SignificantFigures() == digits {
			return u, nil
		}
	}
	return Unit{}, fmt.Errorf("a histogram from %d to %d with %d digits: want %d digits, from %d to %d for times or from %d to %d for other values",
		h.LowestTrackableValue(), h.HighestTrackableValue(), h.SignificantFigures(),
		digits, Time.lowest, Time.highest, Number.lowest, Number.highest)
}

// SeriesName is the tag of a series: a metric with the values of k6's tags, e.g. http_req_duration?scenario=default.
func SeriesName(metric string, tags url.Values) string {
	if len(tags) == 0 {
		return metric
	}
	return metric + "?" + tags.Encode()
}

// restTag marks the series of a metric that takes all values for which there were too many series. No tag of k6 looks so, since
// SeriesName writes an = behind each.
const restTag = "?rest"

// RestName is the tag of the rest series of a metric.
func RestName(metric string) string { return metric + restTag }

// Title is a series for people, e.g. "http_req_duration, name list, scenario default".
func Title(series string) string {
	metric, query, _ := strings.Cut(series, "?")
	if strings.HasSuffix(series, restTag) {
		return metric + ", all further series together"
	}
	title := metric
	for pair := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		title += ", " + unescaped(name) + " " + unescaped(value)
	}
	return title
}

// unescaped undoes the escapes of a query string, or leaves text that has none as it is.
func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
