package hlog

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzParse: no log makes the reader crash, and what it reads can be merged to a log that holds as much, or is refused.
func FuzzParse(f *testing.F) {
	whole := text(f, Whole, 0, 2)
	f.Add(whole)
	f.Add(whole[:len(whole)-9])
	f.Add(strings.Replace(whole, "HIST", "HISX", 1))
	f.Fuzz(func(t *testing.T, content string) {
		l, err := parse("run.hlog", strings.NewReader(content))
		if err != nil {
			return
		}
		l.Doubts()
		var out bytes.Buffer
		if _, err := Merge(&out, []*Log{l}); err != nil {
			return
		}
		again, err := parse("merged.hlog", &out)
		if err != nil {
			t.Fatalf("what Merge wrote cannot be read: %v", err)
		}
		if a, b := total(t, l), total(t, again); a != b {
			t.Errorf("%d values, and %d of them merged", a, b)
		}
	})
}

func total(t *testing.T, l *Log) (n int64) {
	t.Helper()
	for _, line := range l.Lines {
		h, _, err := line.Histogram()
		if err != nil {
			t.Fatal(err)
		}
		n += h.TotalCount()
	}
	return n
}
