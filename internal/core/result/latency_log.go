package result

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// LatencyWriter appends interval histograms to a log in the format HdrHistogram log V1.3:
//
//	#[StartTime: 1767366248 (seconds since epoch), 2026-01-02T15:04:08Z]
//	#[Slot: launch 0, round 12]
//	Tag=toll/full/recommend/response,1767366251.300,0.500,3.211,HISTFAAAA…
//
// The intervals of one tag are the slots in time, so that a log processor draws one curve of them. To which launch and round
// they belong stands in the comment before them, which log readers pass over; with phase and arm it is that of a line in
// cost.jsonl. A LatencyWriter is safe for concurrent use.
type LatencyWriter struct {
	mu    sync.Mutex
	file  *os.File
	log   *hdr.HistogramLogWriter
	begun bool   // the header is written
	place *Place // of the last line; nil: not known
}

// OpenLatency opens the log at path for appending, or creates it. The first interval writes the header, since the log starts
// when that one does.
func OpenLatency(path string) (*LatencyWriter, error) {
	dir, err := os.OpenRoot(filepath.Dir(path)) // follows no link out of the directory
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	defer dir.Close()
	f, err := dir.OpenFile(filepath.Base(path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("result: %w", err), f.Close())
	}
	return &LatencyWriter{file: f, log: hdr.NewHistogramLogWriter(f), begun: info.Size() > 0}, nil
}

// Write appends one interval. It writes empty histograms, too, since they show that nothing was recorded.
func (w *LatencyWriter) Write(tag Tag, start, end time.Time, h *hdr.Histogram) error {
	h.SetTag(tag.Curve())
	h.SetStartTimeMs(start.UnixMilli())
	h.SetEndTimeMs(end.UnixMilli())
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := errors.Join(w.header(start), w.at(Place{tag.Launch, tag.Round}), w.log.OutputIntervalHistogram(h)); err != nil {
		return fmt.Errorf("result: latency log: %w", err)
	}
	return nil
}

// header begins a new log.
func (w *LatencyWriter) header(start time.Time) error {
	if w.begun {
		return nil
	}
	w.begun = true
	return errors.Join(
		w.log.OutputComment("[tollgate latency, nanoseconds; tag: phase/arm/step/kind; the slot of an interval stands before it]"),
		w.log.OutputLogFormatVersion(),
		w.log.OutputStartTime(start.UnixMilli()),
		w.log.OutputLegend(),
	)
}

// at says where the intervals that follow stand.
func (w *LatencyWriter) at(p Place) error {
	if w.place != nil && *w.place == p {
		return nil
	}
	w.place = &p
	return w.log.OutputComment(strings.TrimPrefix(p.String(), "#"))
}

// Close closes the file.
func (w *LatencyWriter) Close() error { return w.file.Close() }

// ReadLatency reads all intervals of a log. It skips an incomplete last line, which a killed run leaves.
func ReadLatency(path string) ([]Interval, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	defer root.Close()
	var out []Interval
	var place *Place
	_, _, err = scan(root, filepath.Base(path), func(n int, line []byte) error {
		interval, ok, err := parseInterval(&place, fmt.Sprintf("%s:%d", path, n), string(line))
		if ok {
			out = append(out, interval)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	return out, nil
}

// parseInterval is the interval of a line, which stands at a place in the log; false for a comment and the legend. It keeps the
// comments that say where the intervals after them stand.
func parseInterval(place **Place, at, line string) (i Interval, ok bool, err error) {
	if strings.HasPrefix(line, placePrefix) {
		*place, err = parsePlace(line)
		return i, false, err
	}
	rest, tagged := strings.CutPrefix(line, "Tag=")
	if !tagged {
		return i, false, nil
	}
	name, _, _ := strings.Cut(rest, ",")
	tag, err := ParseTag(name, *place)
	return Interval{Tag: tag, at: at, line: line + "\n"}, err == nil, err
}
