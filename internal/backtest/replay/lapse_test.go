package replay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// The property that the time-lapse rests on: series whose samples come f times as fast, read by rules whose durations are divided by
// f, fire the same alerts, at the times divided by f. Rates per second are f times as high, so that a rule on one does not scale;
// shares of rates, quantiles, counts over a window, absences and values do.
//
// It holds exactly if the divided times are whole milliseconds, which is what Prometheus counts in, and if the beginning is a multiple
// of the steps of subqueries in both, which are aligned to absolute time. Otherwise every time is rounded, and a change of an alert may
// be off by three evaluations, for three reasons of one each: evaluations fall elsewhere between two samples; a window has one sample
// more or less at its edge, which decides where the value is next to the threshold; and for, rounded by itself, is no multiple of the
// rounded interval.

// lapseRules are of the kinds that the shipped rules are of. No threshold is a ratio of small whole numbers, so that none is met exactly:
// there the rounding of a sum would decide.
const lapseRules = `groups:
  - name: burn
    interval: 30s
    rules:
      - {record: 'failed:share5m', expr: 'sum(rate(failed_total[5m])) / sum(rate(requests_total[5m]))'}
      - {record: 'failed:share1h', expr: 'sum(rate(failed_total[1h])) / sum(rate(requests_total[1h]))'}
      - {alert: Burn, expr: 'failed:share1h > 0.05013 and failed:share5m > 0.05013', for: 2m}
      - {alert: ManyFailed, expr: 'sum(increase(failed_total[10m])) > 50.3', for: 1m}
  - name: values
    interval: 1m
    rules:
      - {alert: LagHigh, expr: lag > 100, for: 5m, keep_firing_for: 3m}
      - {alert: LagWas, expr: 'max_over_time(lag[30m:1m] offset 10m) > 100'}
      - {alert: Slow, expr: 'histogram_quantile(0.9, sum by (le) (rate(duration_bucket[5m]))) > 0.4003', for: 1m}
      - {alert: Gone, expr: absent(beat), for: 3m}
      - {alert: LongGone, expr: 'absent_over_time(beat[10m])'}
`

const (
	lapseBegin  = int64(1_800_000_000_000) // ms
	lapseStep   = 30 * time.Second         // between two samples
	lapseLength = 6 * time.Hour
)

// stretches says for every sample whether it is in a bad stretch. A stretch is from 1 to 2 hours long, longer than every window, for
// and offset of the rules, so that what crosses a threshold crosses it once.
func stretches(random *rand.Rand) []bool {
	bad := random.IntN(2) == 0
	var out []bool
	for len(out) < int(lapseLength/lapseStep) {
		for range 120 + random.IntN(120) {
			out = append(out, bad)
		}
		bad = !bad
	}
	return out[:lapseLength/lapseStep]
}

// drawn are random series: counters, one of which was started again in between, a histogram, a value and one that comes and goes. noisy
// says that the bad and the good stretches overlap in what they bring.
func drawn(seed uint64, noisy bool) []*series {
	random := rand.New(rand.NewPCG(seed, 0))
	noise := func(n int) float64 {
		if !noisy {
			return float64(n) / 2
		}
		return float64(random.IntN(n + 1))
	}
	counted := func(bad []bool, restart int, growth func(bad bool) float64) func(i int) (float64, bool) {
		total := 0.0
		return func(i int) (float64, bool) {
			if i == restart {
				total = 0
			}
			total += growth(bad[i])
			return total, true
		}
	}
	var out []*series
	add := func(value func(i int) (v float64, there bool), of ...string) {
		s := &series{labels: labels.FromStrings(of...)}
		phase := 60 * random.Int64N(lapseStep.Milliseconds()/60)
		for i := range int(lapseLength / lapseStep) {
			if v, there := value(i); there {
				s.floats = append(s.floats, float{lapseBegin + int64(i)*lapseStep.Milliseconds() + phase, v})
			}
		}
		out = append(out, s)
	}
	failing, slow, lagging, gone := stretches(random), stretches(random), stretches(random), stretches(random)
	restart := random.IntN(len(failing))
	add(counted(gone, restart, func(bool) float64 { return 80 + noise(40) }), "__name__", "requests_total", "job", "a")
	add(counted(failing, restart, func(bad bool) float64 {
		if bad {
			return 8 + noise(10)
		}
		return noise(4)
	}), "__name__", "failed_total", "job", "a")
	within := counted(slow, restart, func(bad bool) float64 {
		if bad {
			return 60 + noise(40)
		}
		return 90 + noise(10)
	})
	add(within, "__name__", "duration_bucket", "le", "0.25")
	add(counted(slow, restart, func(bool) float64 { return 100 }), "__name__", "duration_bucket", "le", "1")
	add(counted(slow, restart, func(bool) float64 { return 100 }), "__name__", "duration_bucket", "le", "+Inf")
	add(func(i int) (float64, bool) {
		if lagging[i] {
			return 60 + noise(120), true
		}
		return noise(110), true
	}, "__name__", "lag")
	add(func(i int) (float64, bool) { return 1, !gone[i] }, "__name__", "beat")
	slices.SortFunc(out, func(a, b *series) int { return labels.Compare(a.labels, b.labels) })
	return out
}

// quickened are series whose samples come factor times as fast.
func quickened(of []*series, factor float64) []*series {
	var out []*series
	for _, s := range of {
		q := &series{labels: s.labels}
		for _, f := range s.floats {
			q.floats = append(q.floats, float{lapseBegin + divided(f.t-lapseBegin, factor), f.v})
		}
		out = append(out, q)
	}
	return out
}

// divided is a time over a factor, in whole ms.
func divided(ms int64, factor float64) int64 {
	return time.Duration(float64(ms) * float64(time.Millisecond) / factor).Round(time.Millisecond).Milliseconds()
}

// lapsedEvents are what the rules do whose durations are divided by the factor, on series that are as much quicker.
func lapsedEvents(t *testing.T, of []*series, factor float64) []result.AlertEvent {
	t.Helper()
	pack, err := alerts.Load("rules.yaml", []byte(lapseRules))
	if err != nil {
		t.Fatal(err)
	}
	scaled := func(d time.Duration) time.Duration {
		return time.Duration(divided(d.Milliseconds(), factor)) * time.Millisecond
	}
	lapsed := pack.Lapse(factor, 0)
	e, err := newEvaluator(lapsed.Text, newStore(quickened(of, factor)),
		conditions{interval: scaled(time.Minute), lookback: scaled(5 * time.Minute), mostPoints: mostPoints})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	}()
	follow, end := newTracker("a"), lapseBegin+divided(lapseLength.Milliseconds(), factor)
	for i, g := range e.groups {
		for at := lapseBegin + divided(int64(7200+1800*i), factor); at < end; at += g.Interval().Milliseconds() {
			e.eval(context.Background(), g, time.UnixMilli(at))
			follow.follow(g, time.UnixMilli(at))
		}
	}
	if len(e.failed) > 0 {
		t.Fatalf("rules failed: %v", e.failed)
	}
	return follow.sorted()
}

// timed are events as lines, with their times multiplied by the factor.
func timed(events []result.AlertEvent, factor float64) []string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%9.3f s %s %s → %s", e.Time.Sub(time.UnixMilli(lapseBegin)).Seconds()*factor, e.Alert, e.From, e.To))
	}
	slices.Sort(out)
	return out
}

// TestLapseIsExact: at factors that leave whole milliseconds the same alerts change at the same times, on series that hover around
// the thresholds.
func TestLapseIsExact(t *testing.T) {
	fired := map[string]bool{}
	for seed := range uint64(4) {
		of := drawn(seed, true)
		base := lapsedEvents(t, of, 1)
		for _, e := range base {
			fired[e.Alert] = fired[e.Alert] || e.To == result.Firing
		}
		want := timed(base, 1)
		for _, factor := range []float64{60, 4, 0.5, 0.1} {
			if got := timed(lapsedEvents(t, of, factor), factor); !slices.Equal(got, want) {
				t.Errorf("seed %d, factor %v: got\n%s\nwant\n%s", seed, factor, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	for _, alert := range []string{"Burn", "ManyFailed", "LagHigh", "LagWas", "Slow", "Gone", "LongGone"} {
		if !fired[alert] {
			t.Errorf("%s never fired, so that nothing was compared", alert)
		}
	}
}

// TestLapseIsRounded: at other factors the same alerts change in the same order, each within three of its evaluations, on series that
// cross each threshold once in a stretch.
func TestLapseIsRounded(t *testing.T) {
	for seed := range uint64(4) {
		of := drawn(seed, false)
		base := byAlert(lapsedEvents(t, of, 1))
		if len(base) < 4 {
			t.Errorf("seed %d: only %d alerts changed", seed, len(base))
		}
		for _, factor := range []float64{7, 59.3, 0.37} {
			got := byAlert(lapsedEvents(t, of, factor))
			for alert, want := range base {
				compareRounded(t, fmt.Sprintf("seed %d, factor %v, %s", seed, factor, alert), got[alert], want, factor)
			}
			if len(got) != len(base) {
				t.Errorf("seed %d, factor %v: %d alerts changed, want %d", seed, factor, len(got), len(base))
			}
		}
	}
}

func byAlert(events []result.AlertEvent) map[string][]result.AlertEvent {
	out := map[string][]result.AlertEvent{}
	for _, e := range events {
		out[e.Alert] = append(out[e.Alert], e)
	}
	return out
}

func compareRounded(t *testing.T, what string, got, want []result.AlertEvent, factor float64) {
	t.Helper()
	const most = 3 * time.Minute // evaluations of the slower group
	if len(got) != len(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", what, strings.Join(timed(got, factor), "\n"), strings.Join(timed(want, 1), "\n"))
		return
	}
	begin := time.UnixMilli(lapseBegin)
	for i, e := range got {
		at := time.Duration(float64(e.Time.Sub(begin)) * factor)
		if e.To != want[i].To || (at-want[i].Time.Sub(begin)).Abs() > most {
			t.Errorf("%s: %s after %v, want %s after %v", what, e.To, at, want[i].To, want[i].Time.Sub(begin))
		}
	}
}
