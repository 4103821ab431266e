package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// record makes the database of an arm as its Prometheus leaves it: two minutes of one series, with a sample that came late.
func record(t *testing.T, dir string) int {
	t.Helper()
	o := tsdb.DefaultOptions()
	o.OutOfOrderTimeWindow = time.Minute.Milliseconds()
	db, err := tsdb.Open(dir, nil, nil, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	began, n := time.Date(2026, 1, 2, 15, 59, 0, 0, time.UTC).UnixMilli(), 0 // over the end of a two-hour window of the database
	add := func(at int64) {
		app := db.Appender(context.Background())
		if _, err := app.Append(0, labels.FromStrings(model.MetricNameLabel, "up", "job", "outside"), at, float64(n)); err != nil {
			t.Fatal(err)
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		n++
	}
	for i := range int64(120) {
		add(began + 1000*i)
	}
	add(began + 1000*90 + 500)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

// samples are those that are in blocks, the write-ahead log apart.
func samples(t *testing.T, dir string) int {
	t.Helper()
	db, err := tsdb.OpenDBReadOnly(dir, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.LastBlockID(); err != nil { // what promtool tsdb analyze asks first
		t.Errorf("%s: %v", dir, err)
	}
	blocks, err := db.Blocks()
	if err != nil || len(blocks) != 1 { // promtool's analysis looks at the last one alone
		t.Fatalf("%d blocks, want one: %v", len(blocks), err)
	}
	n := 0
	for _, block := range blocks {
		m := block.Meta()
		q, err := tsdb.NewBlockQuerier(block, m.MinTime, m.MaxTime)
		if err != nil {
			t.Fatal(err)
		}
		set := q.Select(context.Background(), false, nil, labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, "up"))
		for set.Next() {
			for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; {
				n++
			}
		}
		if err := set.Err(); err != nil {
			t.Fatal(err)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestKeepSeries: every sample of every arm is in one block, once; what cannot be read is a warning.
func TestKeepSeries(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	w, err := result.Create(dir, result.Run{ID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r := &run{dir: w}
	want := map[string]int{}
	for _, arm := range []string{"off", "full"} {
		want[arm] = record(t, w.Path(result.SeriesDir, arm))
	}
	broken := w.Path(result.SeriesDir, "broken", "wal")
	for path, text := range map[string]string{filepath.Join(broken, "00000000"): "", w.Path(result.SeriesDir, "broken", "chunks_head"): "a file"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(w.Path(result.SeriesDir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time, there is nothing to do
		if err := r.keepSeries(); err != nil {
			t.Fatal(err)
		}
		for arm, n := range want {
			if got := samples(t, w.Path(result.SeriesDir, arm)); got != n {
				t.Errorf("arm %s: %d samples in its block, want %d", arm, got, n)
			}
		}
	}
	if text := fmt.Sprint(w.Run().Warnings); !strings.Contains(text, "arm broken") || strings.Contains(text, "arm full") || strings.Contains(text, "empty") {
		t.Errorf("warnings %s", text)
	}
	if left, err := os.ReadDir(w.Path(result.SeriesDir, "empty")); err != nil || len(left) > 0 {
		t.Errorf("%v was made of nothing: %v", left, err)
	}
}
