package alerts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Watcher follows the alerts that one Prometheus evaluates. Its exported fields must be set before the first Poll and
// not changed afterwards; it must not be used concurrently.
//
// It reads the samples of ALERTS themselves, so that every event has the time of its evaluation, whenever Poll is called: the
// time of the sample, and the query offset of the alert's group, by which Prometheus dates the sample back. An alert whose
// samples end for more than one and a half evaluations of its own group has ended at the evaluation that wrote none; an
// evaluation that was skipped altogether is told apart by its missing staleness marker and ends nothing.
type Watcher struct {
	Arm   string            // names the arm in events and errors
	URL   string            // base URL of the Prometheus HTTP API
	Match map[string]string // labels by which this arm's alerts are told from others in the same Prometheus; nil: there are no others
	Rules result.Rules      // with the interval and query offset of each alert's group
	Eval  time.Duration     // evaluation interval of an alert that is not among the rules
	Since time.Time         // earlier samples are not looked at; zero: the time of the first Poll
	Now   func() time.Time  // nil: time.Now

	polled time.Time // until when everything is known
	alerts map[string]*following
}

// following is what is known of one alert, a label set of ALERTS without its state.
type following struct {
	name   string
	labels map[string]string
	state  string
	last   time.Time     // of its last sample
	eval   time.Duration // evaluation interval of its group
	offset time.Duration // query offset of its group
}

// Poll returns what has changed since the last Poll, by time. After an error the next Poll takes up where the last
// good one ended, so that nothing is lost and nothing is reported twice.
func (w *Watcher) Poll(ctx context.Context) ([]result.AlertEvent, error) {
	now := w.now()
	if w.alerts == nil {
		w.alerts = map[string]*following{}
		w.polled = w.Since
		if w.Since.IsZero() {
			w.polled = now
		}
	}
	// Samples are written a little after the time that they carry, so each Poll looks back behind the last one.
	window := now.Sub(w.polled) + w.behind()
	samples, err := w.samples(ctx, now, window)
	if err != nil {
		return nil, err
	}
	// Nothing is stored before all questions are answered: a failed Poll leaves no trace.
	next := map[string]*following{}
	for key, f := range w.alerts {
		copied := *f
		next[key] = &copied
	}
	var events []result.AlertEvent
	for _, key := range slices.Sorted(maps.Keys(samples)) {
		s := samples[key]
		f, ok := next[key]
		if !ok {
			f = w.follow(s)
			next[key] = f
		}
		for _, point := range s.points {
			if !point.time.After(f.last) || point.time.Add(f.offset).Before(w.Since) {
				continue
			}
			if err := w.ended(ctx, f, key, point.time, &events); err != nil {
				return nil, err
			}
			w.change(f, point.state, point.time.Add(f.offset), &events)
			f.last = point.time
		}
	}
	for _, key := range slices.Sorted(maps.Keys(next)) {
		if err := w.ended(ctx, next[key], key, now.Add(-next[key].offset), &events); err != nil {
			return nil, err
		}
	}
	w.alerts, w.polled = next, now
	slices.SortStableFunc(events, func(a, b result.AlertEvent) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Alert, b.Alert))
	})
	return events, nil
}

// Close ends every alert that is pending or firing, since its Prometheus is gone.
func (w *Watcher) Close(at time.Time) []result.AlertEvent {
	var events []result.AlertEvent
	for _, key := range slices.Sorted(maps.Keys(w.alerts)) {
		w.change(w.alerts[key], result.Inactive, at, &events)
	}
	return events
}

// follow begins to follow an alert. One that may come from several rules is taken for the slowest.
func (w *Watcher) follow(s *sampled) *following {
	f := &following{name: s.name, labels: s.labels, state: result.Inactive}
	for _, i := range w.Rules.Of(s.name, s.labels) {
		f.eval, f.offset = max(f.eval, w.Rules[i].Interval), max(f.offset, w.Rules[i].QueryOffset)
	}
	f.eval = cmp.Or(f.eval, w.Eval)
	return f
}

// behind is how far before the last Poll samples can be that were written after it.
func (w *Watcher) behind() time.Duration {
	out := max(4*w.Eval, time.Second)
	for _, a := range w.Rules {
		out = max(out, 4*a.Interval+a.QueryOffset)
	}
	return out
}

// ended reports the end of an alert that has no sample between its last one and another time of a sample, if it did end.
func (w *Watcher) ended(ctx context.Context, f *following, key string, until time.Time, events *[]result.AlertEvent) error {
	if f.state == result.Inactive || until.Sub(f.last) <= f.eval*3/2 {
		return nil
	}
	active, err := w.active(ctx, f, until.Add(-time.Millisecond))
	if err != nil {
		return err
	}
	if !active[key] {
		w.change(f, result.Inactive, f.last.Add(f.eval+f.offset), events)
	}
	return nil
}

func (w *Watcher) change(f *following, to string, at time.Time, events *[]result.AlertEvent) {
	if f.state == to {
		return
	}
	*events = append(*events, result.AlertEvent{
		Time: at, Arm: w.Arm, Alert: f.name, Labels: maps.Clone(f.labels), From: f.state, To: to,
	})
	f.state = to
}

func (w *Watcher) now() time.Time {
	if w.Now != nil {
		return w.Now()
	}
	return time.Now()
}

// failed wraps an error so that it names the arm.
func (w *Watcher) failed(err error) error {
	return fmt.Errorf("alerts: arm %s: %w", w.Arm, err)
}
