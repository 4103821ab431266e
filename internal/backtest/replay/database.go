package replay

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// database is the recorded series of one arm, opened for reading.
type database struct {
	storage.Querier
	from []io.Closer // what the querier reads from
}

// openDatabase opens the series in a directory, which is not written to. A directory whose blocks end before a time (ms), of which
// there must be data, is that of a run that was killed, or took hours: its write-ahead log is read from a copy below scratch.
func openDatabase(dir, scratch string, until int64) (_ *database, err error) {
	d := &database{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("backtest: series in %s: %w", dir, err), d.Close())
		}
	}()
	newest, err := d.openBlocks(dir, scratch)
	if err != nil || newest >= until {
		return d, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	*d = database{}
	return d, d.openCopy(dir, scratch)
}

// openBlocks opens the blocks of a directory. It returns the time at which they end, ms.
func (d *database) openBlocks(dir, scratch string) (newest int64, err error) {
	db, err := tsdb.OpenDBReadOnly(dir, scratch, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	d.from = append(d.from, db)
	blocks, err := db.Blocks()
	if err != nil {
		return 0, err
	}
	newest = math.MinInt64
	var queriers []storage.Querier
	for _, b := range blocks {
		q, err := tsdb.NewBlockQuerier(b, math.MinInt64, math.MaxInt64)
		if err != nil {
			return 0, err
		}
		queriers, newest = append(queriers, q), max(newest, b.Meta().MaxTime)
	}
	d.Querier = storage.NewMergeQuerier(queriers, nil, storage.ChainedSeriesMerge)
	return newest, nil
}

// openCopy opens a copy of a directory, as the Prometheus that recorded it would after a crash.
func (d *database) openCopy(dir, scratch string) error {
	to, err := os.MkdirTemp(scratch, "series-")
	if err != nil {
		return err
	}
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		return err
	}
	options := tsdb.DefaultOptions()
	options.OutOfOrderTimeWindow = time.Minute.Milliseconds() // not 0: late samples, which have a log of their own, are read too
	db, err := tsdb.Open(to, slog.New(slog.DiscardHandler), nil, options, nil)
	if err != nil {
		return err
	}
	db.DisableCompactions()
	d.from = append(d.from, db)
	d.Querier, err = db.Querier(math.MinInt64, math.MaxInt64)
	return err
}

// Close closes the series. What was read of series with native histograms must not be used afterwards.
func (d *database) Close() error {
	var errs []error
	if d.Querier != nil {
		errs = append(errs, d.Querier.Close())
	}
	for _, c := range d.from {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
