package scriptrun

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/hlog"
)

const began = 1_767_366_248_000

// run is a recording to be made.
type run struct {
	seconds int
	perSec  int
	mean    float64 // ms
	wobble  float64 // by how much the mean of a second may differ, as a share
	seed    uint64
	totals  hlog.Totals
	segment string
	killed  bool
	series  string
}

// write writes the log of a run and returns its path.
func (r run) write(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.hlog")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if r.segment == "" {
		r.segment = hlog.Whole
	}
	if r.series == "" {
		r.series = "http_req_duration?scenario=default"
	}
	w, err := hlog.NewWriter(f, hlog.Head{Version: hlog.Version, IntervalMS: 1000, StartMS: began, Segment: r.segment})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(r.seed, 1))
	for s := range r.seconds {
		h := hlog.Time.New()
		mean := r.mean * (1 + r.wobble*(2*random.Float64()-1))
		for range r.perSec {
			hlog.Time.Record(h, mean*(0.5+random.ExpFloat64()/2))
		}
		if err := w.Write(r.series, began+int64(s)*1000, h); err != nil {
			t.Fatal(err)
		}
	}
	r.totals.Values = int64(r.seconds * r.perSec)
	r.totals.Requests = r.totals.Values
	r.totals.AtMS = began + int64(r.seconds)*1000
	if !r.killed {
		if err := w.End(r.totals); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

func compared(t *testing.T, a, b run) *Comparison {
	t.Helper()
	c, err := Files(a.write(t), b.write(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestIntervals: of runs that are alike the interval of the difference nearly always includes 0; where one is slower by a
// quarter it excludes 0 and includes what is true.
func TestIntervals(t *testing.T) {
	const runs = 20
	wrong, found, held := 0, 0, 0
	for i := range uint64(runs) {
		a := run{seconds: 40, perSec: 20, mean: 10, wobble: 0.1, seed: 2*i + 1}
		b := a
		b.seed++
		if compared(t, a, b).Series[0].Stats[0].Difference.Excludes(0) {
			wrong++
		}
		b.mean *= 1.25
		d := compared(t, a, b).Series[0].Stats[0].Difference
		if d.Excludes(0) {
			found++
		}
		median := 10 * (0.5 + math.Ln2/2)
		if truth := 0.25 * median; d.Lo <= truth && truth <= d.Hi {
			held++
		}
	}
	if wrong > 4 || found < runs || held < 16 { // at 95 %, 1 of 20 wrong and 19 held are expected
		t.Errorf("of %d: alike, and said to differ: %d; differ, and said so: %d; the true difference is in the interval: %d", runs, wrong, found, held)
	}
}

// TestWhatCannotBeSaid: no interval of a short run, no quantile of few values, and no word of either missing.
func TestWhatCannotBeSaid(t *testing.T) {
	short := run{seconds: 5, perSec: 50, mean: 10}
	c := compared(t, short, short)
	s := c.Series[0]
	if len(s.Stats) != 2 || s.Stats[0].Known() || math.IsNaN(s.Stats[0].Difference.Mid) || !strings.Contains(s.Note, "no interval, which takes values in 8 blocks of time of both runs, and not in 5") ||
		!strings.Contains(s.Note, "too few values for p99, p99.9") {
		t.Errorf("%+v", s)
	}
	if !strings.Contains(c.Interval, "do not hold what changes from one run to the next") {
		t.Errorf("of the interval it says %q", c.Interval)
	}
}

func TestUnlike(t *testing.T) {
	a := run{seconds: 20, perSec: 50, mean: 10}
	b := run{seconds: 30, perSec: 20, mean: 10, segment: "0:1/2", totals: hlog.Totals{Dropped: 3, Failed: 2, Clamped: 1, Rest: 1}}
	said := strings.Join(compared(t, a, b).Warnings, "\n")
	for _, want := range []string{"A has the share 0:1 of its plan, and B 0:1/2", "A lasts 20 s and B 30 s", "A has 50.0 values a second, and B 20.0",
		"B dropped 3 iterations", "in B 2 of 600 HTTP requests failed", "1 of 600 values were outside", "more series than its limit"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
	b = a
	b.killed = true
	if said := strings.Join(compared(t, a, b).Warnings, "\n"); !strings.Contains(said, "has no end") {
		t.Errorf("of a killed run it says %q", said)
	}
	b.series = "render?scenario=default"
	if _, err := Files(a.write(t), b.write(t)); err == nil || !strings.Contains(err.Error(), "no series in common: only A has http_req_duration, scenario default") {
		t.Errorf("without a common series: %v", err)
	}
}

// The forms in which k6 2.2 writes one and the same run.
var forms = map[string]string{
	"summary export": `{"root_group": {}, "metrics": {
		"http_req_duration": {"avg": 2, "med": 1.5, "p(95)": 4, "thresholds": {"p(95)<200": false}},
		"http_req_failed": {"passes": 1, "fails": 3, "value": 0.25}, "iterations": {"count": 4, "rate": 2}, "vus": {"value": 1, "min": 1, "max": 1}}}`,
	"data of handleSummary": `{"root_group": {}, "options": {}, "state": {"testRunDurationMs": 2000}, "metrics": {
		"http_req_duration": {"type": "trend", "contains": "time", "values": {"avg": 2, "med": 1.5, "p(95)": 4}},
		"http_req_failed": {"type": "rate", "contains": "default", "values": {"rate": 0.25, "passes": 1, "fails": 3}},
		"iterations": {"type": "counter", "contains": "default", "values": {"count": 4, "rate": 2}},
		"vus": {"type": "gauge", "contains": "default", "values": {"value": 1, "min": 1, "max": 1}}}}`,
	"machine-readable summary": `{"version": "1.0.0", "config": {"duration": 2}, "metadata": {}, "results": {"checks": {"metrics": []}, "metrics": [
		{"name": "http_req_duration", "type": "trend", "contains": "time", "values": {"avg": 2, "med": 1.5, "p95": 4}},
		{"name": "http_req_failed", "type": "rate", "contains": "default", "values": {"rate": 0.25, "matches": 1, "total": 4}},
		{"name": "iterations", "type": "counter", "contains": "default", "values": {"count": 4, "rate": 2}},
		{"name": "vus", "type": "gauge", "contains": "default", "values": {"value": 1, "min": 1, "max": 1}}]}}`,
}

// TestSummaryForms: the forms hold the same, so compared with each other nothing differs.
func TestSummaryForms(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "summary.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for nameA, a := range forms {
		for nameB, b := range forms {
			c, err := Files(file(a), file(b))
			if err != nil {
				t.Fatalf("%s and %s: %v", nameA, nameB, err)
			}
			if !strings.HasPrefix(c.A.Text, nameA) || !strings.HasPrefix(c.B.Text, nameB) || len(c.Warnings) > 0 || !strings.Contains(c.Interval, "No interval is possible") {
				t.Errorf("%s and %s: %+v", nameA, nameB, c)
			}
			stats := map[string]float64{}
			for _, s := range c.Series {
				for _, st := range s.Stats {
					stats[s.Name+" "+st.Name+" "+s.Unit] = st.A.Mid
					if st.Difference.Mid != 0 || st.Known() {
						t.Errorf("%s and %s: %s %+v", nameA, nameB, s.Name, st)
					}
				}
			}
			if len(stats) != 6 || stats["http_req_duration p(95) ms"] != 4 || stats["http_req_failed rate "] != 0.25 || stats["iterations count "] != 4 {
				t.Errorf("%s and %s: %v", nameA, nameB, stats)
			}
		}
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	good := run{seconds: 10, perSec: 10, mean: 5}.write(t)
	for text, want := range map[string]string{
		"":                         "is empty",
		"  \n":                     "white space",
		"metric,value":             "begins with 'm'",
		`{"a": 1}`:                 "neither metrics nor results",
		`{"metrics": {}}`:          "without metrics",
		`{"metrics": {"x": 1}}`:    `metric "x"`,
		`{"metrics": `:             "cut off",
		`{"metrics": {"x": {"avg"`: "cut off",
		forms["summary export"]:    "both must be of one kind",
		"#[Histogram log format\n": "this is no log",
	} {
		path := filepath.Join(dir, "x")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		other := good
		if strings.HasPrefix(text, "{") && text != forms["summary export"] {
			other = path
		}
		if _, err := Files(path, other); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
