package catch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Span is one stretch of one alert in one state.
type Span struct {
	Alert      string
	State      string // result.Pending or result.Firing
	Expected   bool   // the fault lists it under Expect or Allow
	Start, End time.Time
}

// alertSpan is a stretch in which one alert of one arm was pending or firing.
type alertSpan struct {
	alert, state string // alert is its ID, see result.Rules
	start, end   time.Time
	open         bool // still so when the run's record ends
}

// alertSpans puts the changes of all alerts together, by arm. An alert has one instance per label set; it fires while
// any of them does, and is pending while any is and none fires. Rules of one name are told apart by their labels. Spans are in
// order of their start.
func alertSpans(d *result.Data, rules *rules, end time.Time) (map[string][]alertSpan, error) {
	events := slices.Clone(d.Alerts)
	for i, e := range events {
		events[i].Alert = rules.id(e)
	}
	slices.SortStableFunc(events, func(a, b result.AlertEvent) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Alert, b.Alert))
	})
	type key struct{ arm, alert string }
	instances := map[key]map[string]string{}
	current := map[key]alertSpan{}
	out := map[string][]alertSpan{}
	for i := 0; i < len(events); {
		// All changes of one alert at one evaluation count together: one instance may end as another begins.
		e, k := events[i], key{events[i].Arm, events[i].Alert}
		if instances[k] == nil {
			instances[k] = map[string]string{}
		}
		for ; i < len(events) && (key{events[i].Arm, events[i].Alert}) == k && events[i].Time.Equal(e.Time); i++ {
			switch to := events[i].To; to {
			case result.Inactive, result.Pending, result.Firing:
				instances[k][labelKey(events[i].Labels)] = to
			default:
				return nil, fmt.Errorf("catch: alert %s of arm %s changes to %q at %s: want %s, %s or %s", e.Alert, e.Arm, to,
					e.Time.Format(time.RFC3339Nano), result.Inactive, result.Pending, result.Firing)
			}
		}
		state := together(instances[k])
		if span, ok := current[k]; ok {
			if span.state == state {
				continue
			}
			span.end = e.Time
			out[k.arm] = append(out[k.arm], span)
			delete(current, k)
		}
		if state != result.Inactive {
			current[k] = alertSpan{alert: k.alert, state: state, start: e.Time}
		}
	}
	for k, span := range current {
		span.end, span.open = end, true
		out[k.arm] = append(out[k.arm], span)
	}
	for _, spans := range out {
		slices.SortFunc(spans, func(a, b alertSpan) int {
			return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.alert, b.alert), cmp.Compare(a.state, b.state))
		})
	}
	return out, nil
}

// together is the state of an alert whose instances have these states.
func together(instances map[string]string) string {
	state := result.Inactive
	for _, s := range instances {
		switch s {
		case result.Firing:
			return result.Firing
		case result.Pending:
			state = result.Pending
		}
	}
	return state
}

func labelKey(labels map[string]string) string {
	parts := make([]string, 0, len(labels))
	for name, value := range labels {
		parts = append(parts, fmt.Sprintf("%q=%q", name, value))
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
