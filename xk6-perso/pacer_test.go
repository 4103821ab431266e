package perso

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkPacerLateness shows why the driver has a pacer: how late a sleep of a few milliseconds ends in an otherwise idle
// process, in µs.
func BenchmarkPacerLateness(b *testing.B) {
	const gap = 2 * time.Millisecond
	measure := func(b *testing.B, sleep func(time.Time)) {
		late := make([]time.Duration, 0, b.N)
		due := time.Now()
		for b.Loop() {
			due = due.Add(gap)
			sleep(due)
			late = append(late, time.Since(due))
			due = time.Now() // a late wake-up must not shorten the next sleep
		}
		slices.Sort(late)
		for _, q := range []struct {
			name string
			at   int
		}{{"p50-µs", len(late) / 2}, {"p99-µs", len(late) * 99 / 100}} {
			b.ReportMetric(float64(late[q.at])/float64(time.Microsecond), q.name)
		}
		b.ReportMetric(0, "ns/op")
	}
	b.Run("pacer", func(b *testing.B) {
		p, err := openPacer()
		if err != nil {
			b.Fatal(err)
		}
		defer p.close()
		measure(b, p.sleep)
	})
	b.Run("time.Sleep", func(b *testing.B) {
		measure(b, func(t time.Time) { time.Sleep(time.Until(t)) })
	})
}

// A pacer never returns early, and does not wait for what is past.
func TestPacerNotEarly(t *testing.T) {
	p, err := openPacer()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	for _, wait := range []time.Duration{-time.Hour, 0, 50 * time.Microsecond, 3 * time.Millisecond} {
		due := time.Now().Add(wait)
		p.sleep(due)
		if early := time.Until(due); early > 0 {
			t.Errorf("wait %s: %s early", wait, early)
		}
	}
}
