package pipeline

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/receiver"
)

// notifier takes the alerts that fire and notifies receivers, as an Alertmanager with two routes does. The alert Watchdog, which
// always fires, goes to the receiver heartbeat every time: it is a dead man's switch, whose silence is the alarm. Every other
// alert goes to on-call once, when it begins to fire. A silence holds notifications back, and says so nowhere but here. The
// receivers only count. It is a prometheus.Collector, with the names of an Alertmanager's metrics.
type notifier struct {
	mu         sync.Mutex
	silence    []*labels.Matcher // alerts that match all of them are silenced; empty: none is
	notified   map[uint64]bool   // alerts of which on-call knows, by hash of their labels
	sent       map[string]int    // notifications, by receiver
	suppressed int               // notifications held back by silences
	silenced   lever.Notified    // since the silence began
}

var (
	suppressed = prometheus.NewDesc("alertmanager_notifications_suppressed_total", "Notifications held back.", []string{"reason"}, nil)
	silences   = prometheus.NewDesc("alertmanager_silences", "Silences.", []string{"state"}, nil)
)

func newNotifier() *notifier { return &notifier{notified: map[uint64]bool{}, sent: map[string]int{}} }

// Describe implements prometheus.Collector.
func (n *notifier) Describe(out chan<- *prometheus.Desc) {
	out <- receiver.Notifications
	out <- suppressed
	out <- silences
}

// Collect implements prometheus.Collector.
func (n *notifier) Collect(out chan<- prometheus.Metric) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range receiver.Receivers() {
		out <- prometheus.MustNewConstMetric(receiver.Notifications, prometheus.CounterValue, float64(n.sent[name]), name)
	}
	out <- prometheus.MustNewConstMetric(suppressed, prometheus.CounterValue, float64(n.suppressed), "silence")
	out <- prometheus.MustNewConstMetric(silences, prometheus.GaugeValue, float64(n.silenced.Silences), "active")
}

// notify is the rules.NotifyFunc. It gets every alert that fires after every evaluation, and once more when it is resolved.
func (n *notifier) notify(_ context.Context, _ string, alerts ...*rules.Alert) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, alert := range alerts {
		watchdog, key := alert.Labels.Get(model.AlertNameLabel) == receiver.Watchdog, alert.Labels.Hash()
		switch {
		case !alert.ResolvedAt.IsZero():
			delete(n.notified, key)
		case n.notified[key]: // it repeats what on-call knows
		case n.matches(alert.Labels):
			n.suppressed++
			n.silenced.Suppressed++
		case watchdog:
			n.sent[receiver.Heartbeat]++
			n.silenced.Sent++
		default:
			n.notified[key] = true
			n.sent[receiver.OnCall]++
			n.silenced.Sent++
		}
	}
}

// matches reports whether an alert is silenced. The caller has the lock.
func (n *notifier) matches(alert labels.Labels) bool {
	for _, m := range n.silence {
		if !m.Matches(alert.Get(m.Name)) {
			return false
		}
	}
	return len(n.silence) > 0
}

// mute puts a silence into force; nil ends it.
func (n *notifier) mute(matchers []*labels.Matcher) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if on := len(matchers) > 0; on != (len(n.silence) > 0) {
		n.silenced = lever.Notified{}
		if on {
			n.silenced.Silences = 1
		}
	}
	n.silence = matchers
}

// answer answers the question about notifications.
func (n *notifier) answer() lever.Notified {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.silenced
}
