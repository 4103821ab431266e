package volume

import (
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// FuzzParse: what is read is no longer than what was there, and taking it apart never makes more of it.
func FuzzParse(f *testing.F) {
	for signal, e := range []Export{spans(f, "shop", "GET /", 2), logs(f, "a 1"), metrics(f)} {
		head := make([]byte, headSize)
		putHead(head, byte(signal), signal == 1, len(e.Body))
		f.Add(append(head, e.Body...))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := Parse(text)
		if err != nil {
			return
		}
		tally, length := NewTally("full"), 0
		for _, e := range all {
			tally.Add(e)
			length += headSize + len(e.Body)
		}
		if n := sum(tally.Volume()); n > int64(length) {
			t.Errorf("parts of %d bytes, and %d were sent", n, length)
		}
		if length != len(text) {
			t.Errorf("%d bytes are read as %d", len(text), length)
		}
		for _, p := range tally.Volume().Parts {
			if p.Count < 0 || p.Series < 0 || p.Signal != result.InSpans && p.Signal != result.InLogs && p.Signal != result.InMetrics {
				t.Errorf("%+v", p)
			}
		}
	})
}
