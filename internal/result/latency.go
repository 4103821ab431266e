package result

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Kinds of latency, three for every request.
const (
	Service  = "service"  // sent → last byte
	Response = "response" // scheduled start → last byte: free of coordinated omission
	Lag      = "lag"      // scheduled start → sent: the generator's own health
)

// Histogram geometry: nanoseconds from 1 µs to 60 s with three significant digits.
const (
	lowest  = int64(time.Microsecond)
	highest = int64(time.Minute)
	digits  = 3
)

// NewHistogram returns an empty histogram with the geometry of all latency files. Values are nanoseconds.
func NewHistogram() *hdr.Histogram { return hdr.New(lowest, highest, digits) }

// Record adds a duration, clamped into the range of the geometry.
func Record(h *hdr.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(int64(d), lowest), highest)) // a clamped value is always in range
}

// Tag names one interval histogram. Its parts must not contain slashes, commas or white space.
type Tag struct {
	Phase  string // slot.Toll, slot.Capacity or slot.Catch
	Launch int
	Round  int
	Arm    string
	Step   string
	Kind   string // Service, Response or Lag
}

// String returns the tag as it is written in the log, e.g. toll/0/12/full/recommend/response.
func (t Tag) String() string {
	return fmt.Sprintf("%s/%d/%d/%s/%s/%s", t.Phase, t.Launch, t.Round, t.Arm, t.Step, t.Kind)
}

// ParseTag is the inverse of String.
func ParseTag(s string) (Tag, error) {
	part := strings.Split(s, "/")
	if len(part) != 6 {
		return Tag{}, fmt.Errorf("result: tag %q: want phase/launch/round/arm/step/kind", s)
	}
	launch, err1 := strconv.Atoi(part[1])
	round, err2 := strconv.Atoi(part[2])
	if err := errors.Join(err1, err2); err != nil {
		return Tag{}, fmt.Errorf("result: tag %q: %w", s, err)
	}
	return Tag{Phase: part[0], Launch: launch, Round: round, Arm: part[3], Step: part[4], Kind: part[5]}, nil
}

// Interval is one interval histogram of a run. One that was read from a log stays encoded, in some hundred bytes, until
// Histogram is called: decoded it takes 150 kB, and a long run has thousands.
type Interval struct {
	Tag
	line string         // of the log
	hist *hdr.Histogram // instead of line
}

// NewInterval returns an interval that was not read from a log.
func NewInterval(tag Tag, h *hdr.Histogram) Interval { return Interval{Tag: tag, hist: h} }

// Histogram returns the histogram of the interval, in nanoseconds, with the interval's start and end. Every call decodes it
// anew.
func (i Interval) Histogram() (*hdr.Histogram, error) {
	if i.hist != nil {
		return i.hist, nil
	}
	h, err := hdr.NewHistogramLogReader(strings.NewReader(i.line)).NextIntervalHistogram()
	if err != nil {
		return nil, fmt.Errorf("result: latency of %s: %w", i.Tag, err)
	}
	if h == nil {
		return nil, fmt.Errorf("result: latency of %s: %q is no interval histogram", i.Tag, i.line)
	}
	return h, nil
}

// LatencyWriter appends interval histograms to a log. It is safe for concurrent use.
type LatencyWriter struct {
	mu   sync.Mutex
	file *os.File
	log  *hdr.HistogramLogWriter
}

// OpenLatency opens the log at path for appending and creates it, with its header, if it is new or empty.
func OpenLatency(path string) (*LatencyWriter, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	w := &LatencyWriter{file: f, log: hdr.NewHistogramLogWriter(f)}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("result: %w", err), f.Close())
	}
	if info.Size() == 0 {
		err := errors.Join(
			w.log.OutputComment("[tollgate latency, nanoseconds; tag: phase/launch/round/arm/step/kind]"),
			w.log.OutputLogFormatVersion(),
			w.log.OutputLegend(),
		)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("result: %s: %w", path, err), f.Close())
		}
	}
	return w, nil
}

// Write appends one interval. It writes empty histograms, too, since they show that nothing was recorded.
func (w *LatencyWriter) Write(tag Tag, start, end time.Time, h *hdr.Histogram) error {
	h.SetTag(tag.String())
	h.SetStartTimeMs(start.UnixMilli())
	h.SetEndTimeMs(end.UnixMilli())
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.log.OutputIntervalHistogram(h); err != nil {
		return fmt.Errorf("result: latency log: %w", err)
	}
	return nil
}

// Close closes the file.
func (w *LatencyWriter) Close() error { return w.file.Close() }

// ReadLatency reads all intervals of a log. It skips an incomplete last line, which a killed run leaves.
func ReadLatency(path string) ([]Interval, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // killed before the first slot
	}
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	var out []Interval
	lines := strings.Split(string(text), "\n") // the part behind the last newline is empty, or incomplete
	for n, line := range lines[:len(lines)-1] {
		rest, tagged := strings.CutPrefix(line, "Tag=")
		if !tagged {
			continue // comments and the legend
		}
		name, _, _ := strings.Cut(rest, ",")
		tag, err := ParseTag(name)
		if err != nil {
			return nil, fmt.Errorf("result: %s:%d: %w", path, n+1, err)
		}
		out = append(out, Interval{Tag: tag, line: line + "\n"})
	}
	return out, nil
}
