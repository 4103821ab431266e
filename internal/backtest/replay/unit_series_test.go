package replay

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// What is written as promtool's notation is read by its parser as it was.
func TestSeriesNotation(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	stale := math.Float64frombits(value.StaleNaN)
	values := []float64{0, 1, -1, 0.1, 1e-9, -1e-300, 1e15, 1.5e300, 1795634377.123, math.Inf(1), math.Inf(-1), math.NaN(), stale, 400}
	for range 500 {
		var points []point
		for range 1 + random.IntN(12) {
			p := point{random.IntN(4) > 0, values[random.IntN(len(values))]}
			for range 1 + random.IntN(3) {
				points = append(points, p)
			}
		}
		l := labels.FromStrings("__name__", "a:b_total", "job", "x \"y\"\n{z}", "q", `\`)
		if random.IntN(2) == 0 {
			l = labels.FromStrings("__name__", "metric.with.dots", "the label", "1")
		}
		text := seriesText(l) + " " + valuesText(points)
		read, got, err := newParser().ParseSeriesDesc(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !labels.Equal(read, l) || len(got) != len(points) {
			t.Fatalf("%s: read as %v with %d values, want %v with %d", text, read, len(got), l, len(points))
		}
		for i, p := range points {
			if got[i].Omitted == p.there || p.there && math.Float64bits(got[i].Value) != math.Float64bits(p.value) && !bothNaN(got[i].Value, p.value) {
				t.Fatalf("%s: value %d is %v, want %v", text, i, got[i], p)
			}
		}
	}
}

// bothNaN says that two values are NaN, and that both are a marker or none is.
func bothNaN(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) && value.IsStaleNaN(a) == value.IsStaleNaN(b)
}

// Samples move to the next point of the grid; a series that has no sample for the lookback ends, and may come again.
func TestGrid(t *testing.T) {
	s := &series{}
	for _, at := range []int64{900, 1400, 1900, 2100, 2900, 6000} {
		s.floats = append(s.floats, float{at, float64(at)})
	}
	if got, want := valuesText(s.onGrid(1000, 7000, 500, 2000)), "900 1400 1900 2100 2900 _x3 stale _ 6000 _x2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := valuesText(s.onGrid(5000, 5500, 500, 2000)), "_x2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The iterator of a series in memory can be used for another one.
func TestIterator(t *testing.T) {
	s := &series{floats: floats{{10, 1}, {20, 2}, {30, 3}, {40, 4}}}
	at := func(it chunkenc.Iterator, kind chunkenc.ValueType) int64 {
		if kind == chunkenc.ValNone {
			return -1
		}
		return it.AtT()
	}
	it := s.Iterator(nil)
	for i, step := range []struct {
		seek int64 // −1: Next
		want int64
	}{{15, 20}, {15, 20}, {5, 20}, {-1, 30}, {30, 30}, {40, 40}, {-1, -1}, {-1, -1}, {5, -1}} {
		kind := chunkenc.ValNone
		if step.seek < 0 {
			kind = it.Next()
		} else {
			kind = it.Seek(step.seek)
		}
		if got := at(it, kind); got != step.want {
			t.Errorf("step %d: at %d, want %d", i, got, step.want)
		}
	}
	if again := s.Iterator(it); at(again, again.Next()) != 10 {
		t.Error("an iterator that is used again does not begin at the first sample")
	}
	if (&series{}).Iterator(nil).Seek(1) != chunkenc.ValNone {
		t.Error("an empty series has a sample")
	}
}
