package hlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Marks of the comments that a reader understands.
const (
	headMark  = "#[tollgate recorder: "
	soFarMark = "#[So far: "
	endMark   = "#[End: "
)

// Writer writes a log. What it was given gets to the file with Flush, in whole lines, so that a killed process leaves at most one
// line cut off. It is not safe for concurrent use.
type Writer struct {
	to       io.Writer
	text     bytes.Buffer // whole lines that are not in the file yet
	log      *hdr.HistogramLogWriter
	interval int64 // ms
}

// NewWriter writes the head of a log.
func NewWriter(to io.Writer, head Head) (*Writer, error) {
	w := &Writer{to: to, interval: head.IntervalMS}
	w.log = hdr.NewHistogramLogWriter(&w.text)
	if err := w.comment(headMark, head); err != nil {
		return nil, err
	}
	_ = w.log.OutputLogFormatVersion()                    // these go to memory
	_ = w.log.OutputStartTime(head.StartMS / 1000 * 1000) // in whole seconds
	_ = w.log.OutputLegend()
	return w, w.Flush()
}

// comment writes a comment that a reader understands.
func (w *Writer) comment(mark string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("hlog: %w", err)
	}
	fmt.Fprintf(&w.text, "%s%s]\n", mark, text)
	return nil
}

// Write adds the histogram of a series in the interval that starts at startMS, ms since the epoch.
func (w *Writer) Write(series string, startMS int64, h *hdr.Histogram) error {
	h.SetTag(series)
	h.SetStartTimeMs(startMS)
	h.SetEndTimeMs(startMS + w.interval)
	if err := w.log.OutputIntervalHistogram(h); err != nil {
		return fmt.Errorf("hlog: series %s: %w", series, err)
	}
	return nil
}

// SoFar adds the counts up to now.
func (w *Writer) SoFar(t Totals) error { return w.comment(soFarMark, t) }

// End adds the counts of the whole run. A log without them is of a run that was killed, or is not over.
func (w *Writer) End(t Totals) error { return w.comment(endMark, t) }

// Flush hands all to the file, in one piece.
func (w *Writer) Flush() error {
	if w.text.Len() == 0 {
		return nil
	}
	if _, err := w.to.Write(w.text.Bytes()); err != nil {
		return fmt.Errorf("hlog: %w", err)
	}
	w.text.Reset()
	return nil
}

// isRun says whether a line is the first one of the latency log of a run of tollgate.
func isRun(line string) bool { return strings.HasPrefix(line, "#[tollgate latency") }
