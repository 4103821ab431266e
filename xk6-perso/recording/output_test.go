package recording

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/fsext"
	"go.k6.io/k6/v2/metrics"
	"go.k6.io/k6/v2/output"

	"github.com/tollgate-dev/tollgate/internal/core/hlog"
)

// start is at a whole second, in the past: intervals are over at once.
var start = time.Unix(1_767_366_248, 0)

// rig is an output with the metrics of a script.
type rig struct {
	*Output
	path                         string
	registry                     *metrics.Registry
	duration, waiting            *metrics.Metric
	render, queue, dropped, fail *metrics.Metric
	log                          *logtest.Hook
}

func newRig(t *testing.T, argument, segment string) *rig {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.hlog")
	logger, hook := logtest.NewNullLogger()
	p := output.Params{ConfigArgument: path + argument, FS: fsext.NewOsFs(), Logger: logger}
	if segment != "" {
		s, err := lib.NewExecutionSegmentFromString(segment)
		if err != nil {
			t.Fatal(err)
		}
		p.ScriptOptions.ExecutionSegment = s
	}
	o, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Output: o.(*Output), path: path, registry: metrics.NewRegistry(), log: hook}
	builtin := metrics.RegisterBuiltinMetrics(r.registry)
	r.duration, r.waiting, r.dropped, r.fail = builtin.HTTPReqDuration, builtin.HTTPReqWaiting, builtin.DroppedIterations, builtin.HTTPReqFailed
	r.render = r.registry.MustNewMetric("render", metrics.Trend, metrics.Time)
	r.queue = r.registry.MustNewMetric("queue", metrics.Trend)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	r.flusher.Stop() // a test says when
	return r
}

// sample is a value at a time after start, with tags NAME, VALUE, …
func (r *rig) sample(m *metrics.Metric, at time.Duration, value float64, tags ...string) metrics.Sample {
	set := r.registry.RootTagSet().With("scenario", "default")
	for i := 0; i < len(tags); i += 2 {
		set = set.With(tags[i], tags[i+1])
	}
	return metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: m, Tags: set}, Time: start.Add(at), Value: value}
}

func (r *rig) add(samples ...metrics.Sample) {
	r.AddMetricSamples([]metrics.SampleContainer{metrics.Samples(samples)})
}

// stop ends the output and reads what it wrote.
func (r *rig) stop(t *testing.T) *hlog.Log {
	t.Helper()
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	return read(t, r.path)
}

func read(t *testing.T, path string) *hlog.Log {
	t.Helper()
	l, err := hlog.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// counts is how often each value was recorded, by series and interval.
func counts(t *testing.T, l *hlog.Log) map[string]map[string]int64 {
	t.Helper()
	out := map[string]map[string]int64{}
	for _, line := range l.Lines {
		h, unit, err := line.Histogram()
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprintf("%s +%d", line.Series, line.StartMS-start.UnixMilli())
		if out[key] == nil {
			out[key] = map[string]int64{}
		}
		for _, bar := range h.Distribution() {
			if bar.Count > 0 {
				out[key][fmt.Sprintf("%.4g", unit.Value(bar.From))] += bar.Count
			}
		}
	}
	return out
}

// untimed are totals without their time.
func untimed(t hlog.Totals) hlog.Totals {
	t.AtMS = 0
	return t
}

func TestWhatIsRecorded(t *testing.T) {
	r := newRig(t, ",tags=name+status", "")
	r.add(
		r.sample(r.duration, 0, 12, "name", "a, b", "status", "200", "vu", "3"),
		r.sample(r.duration, 999*time.Millisecond, 12, "name", "a, b", "status", "200", "vu", "4"),
		r.sample(r.duration, time.Second, 7, "name", "a, b", "status", "500"),
		r.sample(r.waiting, 0, 3),
		r.sample(r.fail, 0, 0), r.sample(r.fail, 0, 1),
		r.sample(r.render, 0, 0.5),
		r.sample(r.queue, 0, 17.25),
		r.sample(r.dropped, 0, 2), r.sample(r.dropped, 0, 1),
	)
	l := r.stop(t)
	want := map[string]map[string]int64{ // by the lower end of the bucket
		"http_req_duration?name=a%2C+b&scenario=default&status=200 +0":    {"11.99": 2},
		"http_req_duration?name=a%2C+b&scenario=default&status=500 +1000": {"6.996": 1},
		"render?scenario=default +0":                                      {"0.4997": 1},
		"queue?scenario=default +0":                                       {"17.25": 1},
	}
	got := counts(t, l)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("recorded\n%v, want\n%v", got, want)
	}
	if want := (hlog.Totals{Values: 5, Requests: 2, Failed: 1, Dropped: 3}); untimed(l.Totals) != want || !l.Ended {
		t.Errorf("totals %+v, ended %v, want %+v", l.Totals, l.Ended, want)
	}
	if name := hlog.Title("http_req_duration?name=a%2C+b&scenario=default"); name != "http_req_duration, name a, b, scenario default" {
		t.Errorf("title %q", name)
	}
}

func TestChosenMetrics(t *testing.T) {
	r := newRig(t, ",metrics=http_req_waiting+nothing", "")
	r.add(r.sample(r.duration, 0, 1), r.sample(r.waiting, 0, 3), r.sample(r.queue, 0, 1))
	l := r.stop(t)
	if got := l.Series(); !reflect.DeepEqual(got, []string{"http_req_waiting?scenario=default"}) {
		t.Errorf("series %v", got)
	}
	if e := r.log.LastEntry(); e == nil || !strings.Contains(e.Message, "no trend nothing had a value") {
		t.Errorf("nothing is said of a name that is none: %v", e)
	}
}

// TestTooManySeries: what is beyond the limit is recorded together, said once and counted.
func TestTooManySeries(t *testing.T) {
	r := newRig(t, ",series=3,tags=name", "")
	for i := range 50 {
		r.add(r.sample(r.duration, 0, 5, "name", fmt.Sprint(i)), r.sample(r.queue, 0, 5, "name", "x"))
	}
	r.add(r.sample(r.duration, 0, 5, "name", strings.Repeat("long", 1000)))
	l := r.stop(t)
	n := map[string]int64{}
	for key, values := range counts(t, l) {
		for _, c := range values {
			n[key] += c
		}
	}
	if n["http_req_duration?rest +0"] != 49 || n["queue?name=x&scenario=default +0"] != 50 || len(l.Series()) != 4 {
		t.Errorf("recorded %v", n)
	}
	if l.Totals.Rest != 49 || l.Totals.Values != 101 {
		t.Errorf("totals %+v", l.Totals)
	}
	if e := r.log.AllEntries(); len(e) != 1 || !strings.Contains(e[0].Message, "more than 3 series") {
		t.Errorf("said: %v", e)
	}
}

// TestMemory: neither the length of a run nor samples in any order make more histograms than the options allow.
func TestMemory(t *testing.T) {
	r := newRig(t, ",series=5,tags=name", "")
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		r.add(r.sample(r.duration, time.Duration(random.IntN(100))*time.Second, 5, "name", fmt.Sprint(i)))
		if i%100 == 0 {
			r.flush(0)
		}
	}
	r.flush(0)
	histograms := 0
	for _, s := range r.book.series {
		histograms += len(s.open)
	}
	for _, s := range r.book.spare {
		histograms += len(s)
	}
	if most := (5 + 1) * openIntervals; histograms > most || len(r.book.known) > mostKnown {
		t.Errorf("%d histograms, want at most %d; %d known", histograms, most, len(r.book.known))
	}
	if l := r.stop(t); l.Totals.Values != 2000 || total(t, l) != 2000 {
		t.Errorf("%d values of %d are in the file", total(t, l), l.Totals.Values)
	}
}

func total(t *testing.T, l *hlog.Log) (n int64) {
	t.Helper()
	for _, line := range l.Lines {
		h, _, err := line.Histogram()
		if err != nil {
			t.Fatal(err)
		}
		n += h.TotalCount()
	}
	return n
}

// TestKilled: what was recorded up to a second ago is in the file of a process that cannot say goodbye.
func TestKilled(t *testing.T) {
	r := newRig(t, "", "")
	r.add(r.sample(r.duration, 0, 5), r.sample(r.duration, time.Second, 5))
	r.flush(start.Add(time.Second).UnixMilli())
	l := read(t, r.path)
	if l.Ended || total(t, l) != 1 || l.Totals.Values != 2 {
		t.Errorf("ended %v, %d values, totals %+v", l.Ended, total(t, l), l.Totals)
	}
	r.stop(t)
}

func TestClamped(t *testing.T) {
	r := newRig(t, "", "")
	r.add(r.sample(r.duration, 0, 61_000), r.sample(r.queue, 0, -1), r.sample(r.queue, 0, math.NaN()), r.sample(r.queue, 0, 1e10), r.sample(r.duration, 0, 0))
	if l := r.stop(t); l.Totals.Clamped != 4 || total(t, l) != 5 || !strings.Contains(strings.Join(l.Doubts(), ""), "4 of 5 values were outside") {
		t.Errorf("totals %+v, %v", l.Totals, l.Doubts())
	}
}

// full is a disk that takes some bytes.
type full struct {
	io.WriteCloser
	left int
}

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return f.WriteCloser.Write(p)
}

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.hlog")
	logger, hook := logtest.NewNullLogger()
	o := &Output{options: options{path: path, interval: time.Second, series: 10}, segment: hlog.Whole, logger: logger}
	o.open = func(path string) (io.WriteCloser, error) {
		f, err := os.Create(path)
		return &full{f, 1000}, err
	}
	if err := o.Start(); err != nil {
		t.Fatal(err)
	}
	r := &rig{Output: o, registry: metrics.NewRegistry()}
	r.duration = metrics.RegisterBuiltinMetrics(r.registry).HTTPReqDuration
	for i := range 50 {
		r.add(r.sample(r.duration, time.Duration(i)*time.Second, float64(i)))
	}
	if err := o.Stop(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error %v", err)
	}
	if n := len(hook.AllEntries()); n != 1 || hook.LastEntry().Level != logrus.ErrorLevel {
		t.Errorf("%d entries: %v", n, hook.LastEntry())
	}
	read(t, path) // what got there stays readable
}

func TestUnwritable(t *testing.T) {
	o, err := New(output.Params{ConfigArgument: filepath.Join(t.TempDir(), "none", "run.hlog"), FS: fsext.NewOsFs(), Logger: logrus.New()})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Start(); err == nil || !strings.Contains(err.Error(), "none/run.hlog") {
		t.Errorf("error %v", err)
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct{ argument, want string }{
		{"", "the name of a file is missing"},
		{"out/", "the name of a file is missing"},
		{"interval=1s", "the name of the file comes first"},
		{"a.hlog,", "unknown option"},
		{"a.hlog,tag=x", "legal: interval, metrics, series, tags"},
		{"a.hlog,tags=x,status", `unknown option "status"`},
		{"a.hlog,tags=x,tags=y", "given twice"},
		{"a.hlog,tags=x+x", "names a thing twice"},
		{"a.hlog,tags=", "names parted by +"},
		{"a.hlog,interval=1", "100ms to 1h0m0s"},
		{"a.hlog,interval=10ms", "100ms to 1h0m0s"},
		{"a.hlog,interval=1500us", "100ms to 1h0m0s"},
		{"a.hlog,series=0", "1 to 10000"},
		{"a.hlog,series=many", "1 to 10000"},
		{"{host}.hlog", "only {segment}"},
	} {
		if _, err := parseOptions(tt.argument, hlog.Whole); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %q", tt.argument, err, tt.want)
		}
	}
	o, err := parseOptions("/r/run-{segment}.hlog,interval=5s,tags=status+name", "1/3:2/3")
	want := options{path: "/r/run-1of3-2of3.hlog", interval: 5 * time.Second, series: 200, tags: []string{"name", "status"}}
	if err != nil || !reflect.DeepEqual(o, want) {
		t.Errorf("%+v, %v, want %+v", o, err, want)
	}
}

// TestMergeIsOneProcess: three outputs that share the samples of one write logs that, merged, hold what the one wrote.
func TestMergeIsOneProcess(t *testing.T) {
	segments := []string{"0:1/4", "1/4:1/2", "1/2:1"}
	one := newRig(t, ",tags=name", "")
	var three []*rig
	for _, s := range segments {
		three = append(three, newRig(t, ",tags=name", s))
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		at, value, name := time.Duration(random.IntN(20_000))*time.Millisecond, random.ExpFloat64()*20, fmt.Sprint(random.IntN(3))
		part := three[random.IntN(3)]
		one.add(one.sample(one.duration, at, value, "name", name), one.sample(one.queue, at, value), one.sample(one.fail, at, 1))
		part.add(part.sample(part.duration, at, value, "name", name), part.sample(part.queue, at, value), part.sample(part.fail, at, 1))
	}
	want := one.stop(t)
	var logs []*hlog.Log
	for _, r := range three {
		logs = append(logs, r.stop(t))
	}
	path := filepath.Join(t.TempDir(), "all.hlog")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	warnings, err := hlog.Merge(f, logs)
	if err := errors.Join(err, f.Close()); err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	got := read(t, path)
	got.Head.StartMS, want.Head.StartMS = 0, 0
	if untimed(got.Totals) != untimed(want.Totals) || got.Head != want.Head || got.Ended != want.Ended {
		t.Errorf("head %+v, totals %+v, ended %v; want %+v, %+v, %v", got.Head, got.Totals, got.Ended, want.Head, want.Totals, want.Ended)
	}
	if a, b := counts(t, got), counts(t, want); !reflect.DeepEqual(a, b) {
		t.Error("the merged histograms are not those of one process")
	}
}
