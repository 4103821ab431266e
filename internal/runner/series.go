package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/tsdb"

	"github.com/tollgate-dev/tollgate/internal/result"
)

// keepSeries makes blocks of what every arm's Prometheus has recorded. A Prometheus that ends after minutes leaves all of it in
// its write-ahead log, which another Prometheus reads and promtool does not. Whichever environment it ran in, the recorded
// series are below the same directory by now. They are no part of any verdict, so that an arm whose series cannot be read is a
// warning.
func (r *run) keepSeries() error {
	arms, err := os.ReadDir(r.dir.Path(result.SeriesDir))
	if err != nil {
		return fmt.Errorf("runner: %w", err)
	}
	for _, arm := range arms {
		dir := r.dir.Path(result.SeriesDir, arm.Name())
		if err := toBlocks(dir); err != nil {
			text := fmt.Sprintf("the series of arm %s are in no block, so that promtool does not read them; Prometheus may, from their write-ahead log: %v",
				arm.Name(), err)
			if err := r.dir.Update(func(m *result.Run) { m.Warnings = append(m.Warnings, text) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// toBlocks writes the head of a database that is in nobody's hands to blocks, one for each stretch of time that samples came
// for in order, and one for those that were late. It keeps the write-ahead log, which has exemplars, as blocks have none.
func toBlocks(dir string) (err error) {
	if _, err := os.Stat(filepath.Join(dir, "wal")); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was recorded; opening it would make an empty database
	}
	o := tsdb.DefaultOptions()
	o.OutOfOrderTimeWindow = time.Minute.Milliseconds() // not 0: late samples, which have a log of their own, are read too
	db, err := tsdb.Open(dir, nil, nil, o, nil)
	if err != nil {
		return fmt.Errorf("runner: series in %s: %w", dir, err)
	}
	defer func() {
		if err = errors.Join(err, db.Close()); err != nil {
			err = fmt.Errorf("runner: series in %s: %w", dir, err)
		}
	}()
	db.DisableCompactions()
	head := db.Head()
	if head.NumSeries() == 0 || head.MinTime() > head.MaxTime() {
		return nil
	}
	if err := db.CompactHead(tsdb.NewRangeHead(head, head.MinTime(), head.MaxTime())); err != nil {
		return err
	}
	return db.CompactOOOHead(context.Background())
}
