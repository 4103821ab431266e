package hlog

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Limits of a log that is read.
const (
	mostOfLine = 1 << 20 // bytes
	mostOfLog  = 1 << 30 // bytes
)

// Log is a log as read. Its histograms stay encoded, in some hundred bytes each, until they are asked for.
type Log struct {
	Path   string
	Head   Head
	Lines  []Line // in the order of the file
	Totals Totals
	Ended  bool  // the run came to its end; else it was killed, or is not over
	Cut    int64 // bytes of an incomplete last line, which was left out
}

// Line is the histogram of a series in an interval, or a part of it.
type Line struct {
	Series         string
	StartMS, EndMS int64 // since the epoch

	at      string // file and line
	payload string
}

// Histogram decodes the histogram of a line. It is an error if it has no geometry of ours.
func (l Line) Histogram() (*hdr.Histogram, Unit, error) {
	h, err := hdr.Decode([]byte(l.payload))
	if err == nil && h == nil {
		err = errors.New("is no histogram")
	}
	if err != nil {
		return nil, Unit{}, fmt.Errorf("hlog: %s: %w", l.at, err)
	}
	u, err := UnitOf(h)
	if err != nil {
		return nil, Unit{}, fmt.Errorf("hlog: %s: %w", l.at, err)
	}
	return h, u, nil
}

// Span is the time from the start of the first interval to the end of the last one, in ms since the epoch; zeros if there is none.
func (l *Log) Span() (fromMS, toMS int64) {
	for i, line := range l.Lines {
		if i == 0 || line.StartMS < fromMS {
			fromMS = line.StartMS
		}
		toMS = max(toMS, line.EndMS)
	}
	return fromMS, toMS
}

// lived is from when until when its process is known to have run, in ms since the epoch.
func (l *Log) lived() (fromMS, toMS int64) {
	to := max(l.Head.StartMS, l.Totals.AtMS)
	for _, line := range l.Lines {
		to = max(to, line.StartMS)
	}
	return l.Head.StartMS, to
}

// Series are the names of all series, sorted.
func (l *Log) Series() []string {
	var names []string
	for _, line := range l.Lines {
		names = append(names, line.Series)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Read reads a log. A last line that is cut off is left out, and Cut says so. An error names the line that is wrong.
func Read(path string) (*Log, error) {
	f, err := os.Open(path) // #nosec G304 -- the user names it
	if err != nil {
		return nil, fmt.Errorf("hlog: %w", err)
	}
	defer f.Close()
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, fmt.Errorf("hlog: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("hlog: %s is no file", path)
	case info.Size() == 0:
		return nil, fmt.Errorf("hlog: %s is empty: a log has a head as soon as k6 starts, so this is none", path)
	case info.Size() > mostOfLog:
		return nil, fmt.Errorf("hlog: %s has %d bytes: at most %d are read; record with a longer interval or fewer series", path, info.Size(), mostOfLog)
	}
	return parse(path, f)
}

// parse reads a log of a name.
func parse(name string, from io.Reader) (*Log, error) {
	l := &Log{Path: name}
	lines := bufio.NewReaderSize(from, mostOfLine)
	for n := 1; ; n++ {
		text, err := lines.ReadSlice('\n')
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			l.Cut = int64(len(text))
			if l.Head.Version == 0 {
				return nil, fmt.Errorf("hlog: %s: its head is cut off, nothing can be read", name)
			}
			return l, nil
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("hlog: %s:%d: the line is longer than %d bytes", name, n, mostOfLine)
		default:
			return nil, fmt.Errorf("hlog: %s: %w", name, err)
		}
		if err := l.line(fmt.Sprintf("%s:%d", name, n), strings.TrimRight(string(text), "\r\n")); err != nil {
			return nil, fmt.Errorf("hlog: %s:%d: %w", name, n, err)
		}
	}
}

// line takes a whole line.
func (l *Log) line(at, text string) error {
	switch {
	case l.Head.Version == 0:
		return l.head(text)
	case l.Ended && strings.HasPrefix(text, "Tag="):
		return errors.New("an interval behind the end of the log: were two logs put into one file? Use tollgate merge")
	case strings.HasPrefix(text, soFarMark):
		return comment(text, soFarMark, &l.Totals)
	case strings.HasPrefix(text, endMark):
		l.Ended = true
		return comment(text, endMark, &l.Totals)
	case strings.HasPrefix(text, headMark):
		return errors.New("a second head: were two logs put into one file? Use tollgate merge")
	case text == "" || text[0] == '#' || text[0] == '"':
		return nil
	}
	line, err := parseLine(text)
	if err != nil {
		return err
	}
	if span := line.EndMS - line.StartMS; span != l.Head.IntervalMS {
		return fmt.Errorf("an interval of %d ms: the log's are %d ms long", span, l.Head.IntervalMS)
	}
	line.at = at
	l.Lines = append(l.Lines, line)
	return nil
}

// head takes the first line.
func (l *Log) head(text string) error {
	switch {
	case isRun(text):
		return errors.New("this is the latency log of a run of tollgate: compare the directories of runs, tollgate compare RUN RUN")
	case !strings.HasPrefix(text, headMark):
		return errors.New("this is no log that `k6 run --out perso=FILE` wrote: its first line is another one")
	}
	if err := comment(text, headMark, &l.Head); err != nil {
		return err
	}
	switch h := l.Head; {
	case h.Version > Version:
		return fmt.Errorf("the log has version %d of the format, and this tollgate knows up to %d: use a newer one", h.Version, Version)
	case h.Version < 1:
		return fmt.Errorf("the log has version %d of the format: want 1 to %d", h.Version, Version)
	case h.StartMS < 1:
		return errors.New("the log does not say when it starts")
	case h.IntervalMS < 1:
		return fmt.Errorf("the log's intervals are %d ms long: want 1 or more", h.IntervalMS)
	}
	_, err := parseSegments(l.Head.Segment)
	return err
}

// comment decodes what stands behind the mark of a comment.
func comment(text, mark string, to any) error {
	content, ok := strings.CutSuffix(strings.TrimPrefix(text, mark), "]")
	if !ok {
		return fmt.Errorf("%s… has no ] at its end", mark)
	}
	if err := json.Unmarshal([]byte(content), to); err != nil {
		return fmt.Errorf("%s…: %w", mark, err)
	}
	return nil
}

// parseLine reads Tag=SERIES,START,LENGTH,MAX,HISTOGRAM.
func parseLine(text string) (Line, error) {
	parts := strings.Split(text, ",")
	series, tagged := strings.CutPrefix(parts[0], "Tag=")
	if len(parts) != 5 || !tagged || series == "" {
		return Line{}, errors.New("is no line Tag=SERIES,START,LENGTH,MAX,HISTOGRAM")
	}
	start, err1 := strconv.ParseFloat(parts[1], 64)
	length, err2 := strconv.ParseFloat(parts[2], 64)
	if err := errors.Join(err1, err2); err != nil {
		return Line{}, err
	}
	const most = 1e11 // seconds: the year 5138
	if !(start >= 0 && start < most && length > 0 && length < most) {
		return Line{}, fmt.Errorf("an interval that starts at %g s and lasts %g s", start, length)
	}
	line := Line{Series: series, StartMS: int64(math.Round(start * 1000)), payload: parts[4]}
	line.EndMS = line.StartMS + int64(math.Round(length*1000))
	return line, nil
}
