package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// keepSeries makes a block of what every arm's Prometheus has recorded. A Prometheus that ends after minutes leaves all of it in
// its write-ahead log, which another Prometheus reads and promtool does not. Whichever environment it ran in, the recorded
// series are below the same directory by now. They are no part of any verdict, so that an arm whose series cannot be read is a
// warning.
func (r *run) keepSeries() error {
	arms, err := filepath.Glob(filepath.Join(r.dir.Path(result.SeriesDir)+"*", "*")) // of all launches of the catch
	if err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	for _, dir := range arms {
		if err := toBlock(dir); err != nil {
			text := fmt.Sprintf("the series of arm %s are in no block, so that promtool does not read them; Prometheus may, from their write-ahead log: %v",
				filepath.Base(dir), err)
			if err := r.dir.Update(func(m *result.Run) { m.Warnings = append(m.Warnings, text) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// toBlock writes a database that is in nobody's hands to one block, late samples too: promtool's analysis looks at the last
// block, and if Prometheus compacted the database, it would put late samples into a block of their own. A database that has
// blocks is of a run of hours, or done already, and is left as it is. The write-ahead log stays: it has exemplars, as blocks
// have none.
func toBlock(dir string) (err error) {
	if _, err := os.Stat(filepath.Join(dir, "wal")); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was recorded; opening it would make an empty database
	}
	if free, known := files.Free(dir); known && free < roomBlock { // Prometheus panics where it has no room to read its log
		return fmt.Errorf("a block takes up to %d MB for a moment, and %d MB are free in %s", roomBlock/1_000_000, free/1_000_000, dir)
	}
	o := tsdb.DefaultOptions()
	o.OutOfOrderTimeWindow = time.Minute.Milliseconds() // not 0: late samples, which have a log of their own, are read too
	db, err := tsdb.Open(dir, nil, nil, o, nil)
	if err != nil {
		return fmt.Errorf("series in %s: %w", dir, err)
	}
	defer func() {
		if err = errors.Join(err, db.Close()); err != nil {
			err = fmt.Errorf("series in %s: %w", dir, err)
		}
	}()
	db.DisableCompactions()
	if len(db.Blocks()) > 0 || db.Head().NumSeries() == 0 {
		return nil
	}
	q, err := db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	var series []storage.Series
	set := q.Select(context.Background(), true, nil, labels.MustNewMatcher(labels.MatchNotEqual, model.MetricNameLabel, ""))
	for set.Next() {
		series = append(series, set.At())
	}
	if err := set.Err(); err != nil {
		return err
	}
	// The writer takes a sample that is older than the newest by less than half of its range.
	oldest := min(db.Head().MinTime(), db.Head().MinOOOTime())
	_, err = tsdb.CreateBlock(series, dir, 3*(db.Head().MaxTime()-oldest)+tsdb.DefaultBlockDuration, slog.New(slog.DiscardHandler))
	return err
}
