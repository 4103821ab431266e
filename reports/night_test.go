package reports

import (
	"io"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/result/resulttest"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

const recording = "../cmd/tollgate/testdata/runs/pr.tar.gz"

// BenchmarkNight: what `tollgate report` does with a nightly run, part by part.
func BenchmarkNight(b *testing.B) {
	dir := resulttest.Night(b, recording)
	d, err := result.Read(dir)
	if err != nil {
		b.Fatal(err)
	}
	a, err := verdict.Analyze(d)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := result.Read(dir); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("analyze", func(b *testing.B) {
		for b.Loop() {
			if _, err := verdict.Analyze(d); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, f := range All() {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				if err := f.Render(io.Discard, a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
