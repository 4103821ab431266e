package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// tracker turns the states of alerts after every evaluation into the changes that a run records. An alert is its name and its
// labels; several rules may make the same one, and then the highest state counts, as in the series ALERTS that they share.
type tracker struct {
	arm    string
	alerts map[string]*tracked
	active map[*rules.AlertingRule][]string // keys into alerts, of the last evaluation
	events []result.AlertEvent
}

type tracked struct {
	name   string
	labels map[string]string
	state  string
	by     map[*rules.AlertingRule]string // state, by the rules that make it
}

func newTracker(arm string) *tracker {
	return &tracker{arm: arm, alerts: map[string]*tracked{}, active: map[*rules.AlertingRule][]string{}}
}

// follow takes the states of a group that was evaluated at a time.
func (t *tracker) follow(g *rules.Group, at time.Time) {
	var changed []string
	for _, r := range g.Rules() {
		a, ok := r.(*rules.AlertingRule)
		if !ok || len(t.active[a]) == 0 && a.ActiveAlertsCount() == 0 {
			continue
		}
		before, now := t.active[a], []string(nil)
		for _, active := range a.ActiveAlerts() {
			key := t.know(a.Name(), active.Labels)
			t.alerts[key].by[a] = stateOf(active.State)
			now = append(now, key)
		}
		for _, key := range before {
			if !slices.Contains(now, key) {
				delete(t.alerts[key].by, a)
			}
		}
		t.active[a] = now
		changed = append(append(changed, before...), now...)
	}
	slices.Sort(changed)
	for _, key := range slices.Compact(changed) {
		t.change(t.alerts[key], at)
	}
}

// know is the key of an alert.
func (t *tracker) know(name string, of labels.Labels) string {
	own := of.MatchLabels(false, labels.AlertName)
	key := name + own.String()
	if t.alerts[key] == nil {
		t.alerts[key] = &tracked{name: name, labels: own.Map(), state: result.Inactive, by: map[*rules.AlertingRule]string{}}
	}
	return key
}

func (t *tracker) change(a *tracked, at time.Time) {
	to := result.Inactive
	for _, state := range a.by {
		if state == result.Firing || to == result.Inactive {
			to = state
		}
	}
	if to == a.state {
		return
	}
	t.events = append(t.events, result.AlertEvent{Time: at, Arm: t.arm, Alert: a.name, Labels: a.labels, From: a.state, To: to})
	a.state = to
}

// sorted are the changes by time.
func (t *tracker) sorted() []result.AlertEvent {
	slices.SortStableFunc(t.events, func(a, b result.AlertEvent) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Alert, b.Alert))
	})
	return t.events
}

func stateOf(s rules.AlertState) string {
	switch s {
	case rules.StateFiring:
		return result.Firing
	case rules.StatePending:
		return result.Pending
	default:
		return result.Inactive
	}
}
