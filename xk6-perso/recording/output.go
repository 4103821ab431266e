// Package recording is the k6 output `--out perso=FILE`: it keeps the response times and the trends of any k6 script as interval
// histograms (package hlog), in bounded memory. `tollgate compare` compares two such files, `tollgate merge` makes one of those
// of several processes.
package recording

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/v2/output"

	"github.com/tollgate-dev/tollgate/internal/core/hlog"
)

const (
	flushEvery = 250 * time.Millisecond
	// grace is for how long after its end an interval waits for samples that are under way.
	grace = time.Second
)

// Output is a k6 output.
type Output struct {
	output.SampleBuffer
	options
	segment string
	logger  logrus.FieldLogger
	open    func(path string) (io.WriteCloser, error)

	flusher *output.PeriodicFlusher
	file    io.WriteCloser
	book    *book
	err     error // the first one of the file; nothing is written after it, so that what is there stays readable
	full    bool  // it was said that there are too many series
}

// New makes the output of --out perso=ARGUMENT. The error says what is wrong with the argument.
func New(p output.Params) (output.Output, error) {
	segment := hlog.Whole
	if s := p.ScriptOptions.ExecutionSegment; s != nil {
		segment = s.String()
	}
	o, err := parseOptions(p.ConfigArgument, segment)
	if err != nil {
		return nil, err
	}
	return &Output{
		options: o, segment: segment, logger: p.Logger.WithField("output", "perso"),
		open: func(path string) (io.WriteCloser, error) {
			return p.FS.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
		},
	}, nil
}

var _ output.Output = (*Output)(nil)

// Description implements output.Output.
func (o *Output) Description() string {
	return fmt.Sprintf("perso (%s, an interval histogram every %s)", o.path, o.interval)
}

// Start implements output.Output. It writes the head of the file; a file of that name is replaced.
func (o *Output) Start() (err error) {
	if o.file, err = o.open(o.path); err != nil {
		return fmt.Errorf("perso output: %w", err)
	}
	head := hlog.Head{Version: hlog.Version, IntervalMS: o.interval.Milliseconds(), StartMS: time.Now().UnixMilli(), Segment: o.segment}
	w, err := hlog.NewWriter(o.file, head)
	if err == nil {
		o.book, err = newBook(o.options, w)
	}
	if err == nil {
		o.flusher, err = output.NewPeriodicFlusher(flushEvery, func() { o.flush(time.Now().Add(-grace).UnixMilli()) })
	}
	if err != nil {
		return errors.Join(fmt.Errorf("perso output: %w", err), o.file.Close())
	}
	return nil
}

// flush takes the samples that came and writes the intervals that ended before a time in ms.
func (o *Output) flush(before int64) {
	for _, container := range o.GetBufferedSamples() {
		for _, s := range container.GetSamples() {
			o.keep(o.book.add(s))
		}
	}
	if o.err == nil {
		o.keep(o.book.closeBefore(before))
	}
	if o.book.totals.Rest > 0 && !o.full {
		o.full = true
		o.logger.Warnf("there are more than %d series: values of further ones are recorded together, a series METRIC?rest for each metric. "+
			"A tag with few values, or series=N, keeps them apart", o.series)
	}
}

// keep remembers the first error of the file and says so once.
func (o *Output) keep(err error) {
	if err == nil || o.err != nil {
		return
	}
	o.err = err
	o.logger.WithError(err).Errorf("cannot write %s: what comes from now on is not recorded", o.path)
}

// Stop implements output.Output: all that was recorded is in the file when it returns.
func (o *Output) Stop() error {
	o.flusher.Stop()
	o.flush(math.MaxInt64)
	for _, name := range o.metrics {
		if !o.book.seen[name] {
			o.logger.Warnf("no trend %s had a value: is its name right? http_req_duration and the script's own trends are recorded unless metrics= is given", name)
		}
	}
	if o.err == nil {
		o.keep(o.book.end())
	}
	if err := errors.Join(o.err, o.file.Close()); err != nil {
		return fmt.Errorf("perso output: %w", err)
	}
	return nil
}
