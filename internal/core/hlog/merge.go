package hlog

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Merge writes the log that one process would have written in place of the processes of several logs: each has its own segment
// of one plan, and all ran at the same time. Every series has one line for an interval. It returns what is to be said of the
// result. It is an error if the logs are not of one run: segments that overlap, other intervals, times that do not meet.
func Merge(to io.Writer, logs []*Log) (warnings []string, err error) {
	head, warnings, err := mergedHead(logs)
	if err != nil {
		return nil, err
	}
	var lines []Line
	var totals Totals
	ended := true
	for _, l := range logs {
		lines = append(lines, l.Lines...)
		totals.Add(l.Totals)
		ended = ended && l.Ended
	}
	slices.SortStableFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.StartMS, b.StartMS), cmp.Compare(a.Series, b.Series))
	})
	w, err := NewWriter(to, head)
	if err != nil {
		return nil, err
	}
	if err := writeMerged(w, lines); err != nil {
		return nil, err
	}
	end := w.SoFar
	if ended {
		end = w.End
	}
	return warnings, errors.Join(end(totals), w.Flush())
}

// writeMerged writes lines that are in the order of intervals and series, those of one interval and series as one.
func writeMerged(w *Writer, lines []Line) error {
	for i := 0; i < len(lines); {
		first := lines[i]
		h, unit, err := first.Histogram()
		if err != nil {
			return err
		}
		for i++; i < len(lines) && lines[i].StartMS == first.StartMS && lines[i].Series == first.Series; i++ {
			if err := addTo(h, unit, lines[i]); err != nil {
				return err
			}
		}
		if err := errors.Join(w.Write(first.Series, first.StartMS, h), w.Flush()); err != nil {
			return err
		}
	}
	return nil
}

// addTo adds the histogram of a line, which must have the unit, too.
func addTo(h *hdr.Histogram, unit Unit, l Line) error {
	more, other, err := l.Histogram()
	switch {
	case err != nil:
		return err
	case other != unit:
		return fmt.Errorf("hlog: %s: series %s holds times in one log and other values in another", l.at, l.Series)
	}
	if lost := h.Merge(more); lost > 0 {
		return fmt.Errorf("hlog: %s: %d values are outside of the range", l.at, lost)
	}
	return nil
}

// mergedHead is the head of what is made of logs, or why they are not of one run.
func mergedHead(logs []*Log) (Head, []string, error) {
	first := logs[0]
	var all segments
	var warnings []string
	start := first.Head.StartMS
	for _, l := range logs {
		start = min(start, l.Head.StartMS)
		if l.Head.IntervalMS != first.Head.IntervalMS {
			return Head{}, nil, fmt.Errorf("hlog: %s has intervals of %d ms, and %s of %d ms: their histograms cannot be told apart in the same way",
				first.Path, first.Head.IntervalMS, l.Path, l.Head.IntervalMS)
		}
		own, err := parseSegments(l.Head.Segment)
		if err != nil {
			return Head{}, nil, fmt.Errorf("hlog: %s: %w", l.Path, err)
		}
		all = append(all, own...)
		warnings = append(warnings, l.Doubts()...)
	}
	all = all.sorted()
	if twice := all.overlap(); twice != nil {
		return Head{}, nil, fmt.Errorf("hlog: two logs have the share %s of the plan (%s): either one was given twice, or they are of runs without "+
			"--execution-segment, which have the whole plan (0:1) each", twice, sharesOf(logs))
	}
	if err := sameTime(logs); err != nil {
		return Head{}, nil, err
	}
	head := Head{Version: Version, IntervalMS: first.Head.IntervalMS, StartMS: start, Segment: all.joined()}
	if head.Segment != Whole {
		warnings = append(warnings, fmt.Sprintf("the logs have the shares %s of the plan, and not all of it", head.Segment))
	}
	return head, warnings, nil
}

func sharesOf(logs []*Log) string {
	text := ""
	for i, l := range logs {
		if i > 0 {
			text += ", "
		}
		text += l.Path + " " + l.Head.Segment
	}
	return text
}

// sameTime refuses logs of which one ended before another began: they are not of one run.
func sameTime(logs []*Log) error {
	for _, l := range logs {
		for _, o := range logs {
			from, to := l.lived()
			otherFrom, otherTo := o.lived()
			if to < otherFrom {
				return fmt.Errorf("hlog: %s is from %s to %s, and %s from %s to %s: they are not of one run, or the clocks of the machines differ",
					l.Path, clock(from), clock(to), o.Path, clock(otherFrom), clock(otherTo))
			}
		}
	}
	return nil
}

// Doubts is what is to be said of a log by itself: that it was cut off, or what it lacks.
func (l *Log) Doubts() []string {
	var out []string
	if !l.Ended {
		_, to := l.Span()
		text := fmt.Sprintf("%s has no end: its run was killed, or is not over. %d interval histograms were read", l.Path, len(l.Lines))
		if to > 0 {
			text += ", up to " + clock(to)
		}
		if l.Cut > 0 {
			text += fmt.Sprintf("; the last line is cut off, and its %d bytes were left out", l.Cut)
		}
		out = append(out, text)
	} else if l.Cut > 0 {
		out = append(out, fmt.Sprintf("%s goes on behind its end: %d bytes were left out", l.Path, l.Cut))
	}
	t := l.Totals
	if t.Rest > 0 {
		out = append(out, fmt.Sprintf("%s had more series than its limit: %d of %d values are in series %s", l.Path, t.Rest, t.Values, restTag))
	}
	if t.Clamped > 0 {
		out = append(out, fmt.Sprintf("%s: %d of %d values were outside of what is recorded (times 0 to 60 s, other values 0 to 10⁹) and stand at its end",
			l.Path, t.Clamped, t.Values))
	}
	return out
}

// clock is a time as people read it, in UTC.
func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05") }
