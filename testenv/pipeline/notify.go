package pipeline

import (
	"context"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
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
	silenced   Notified          // since the silence began
}

// Notified is the answer of the question about notifications.
type Notified struct {
	Silences   int `json:"silences"`   // in force
	Suppressed int `json:"suppressed"` // notifications held back since the silence began
	Sent       int `json:"sent"`       // notifications sent since then
}

// Watchdog is the alert that always fires.
const Watchdog = "Watchdog"

// Receivers of notifications.
const (
	onCall    = "on-call"
	heartbeat = "heartbeat"
)

var (
	notifications = prometheus.NewDesc("alertmanager_notifications_total", "Notifications sent.", []string{"receiver"}, nil)
	suppressed    = prometheus.NewDesc("alertmanager_notifications_suppressed_total", "Notifications held back.", []string{"reason"}, nil)
	silences      = prometheus.NewDesc("alertmanager_silences", "Silences.", []string{"state"}, nil)
)

func newNotifier() *notifier { return &notifier{notified: map[uint64]bool{}, sent: map[string]int{}} }

// Describe implements prometheus.Collector.
func (n *notifier) Describe(out chan<- *prometheus.Desc) {
	out <- notifications
	out <- suppressed
	out <- silences
}

// Collect implements prometheus.Collector.
func (n *notifier) Collect(out chan<- prometheus.Metric) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, receiver := range []string{onCall, heartbeat} {
		out <- prometheus.MustNewConstMetric(notifications, prometheus.CounterValue, float64(n.sent[receiver]), receiver)
	}
	out <- prometheus.MustNewConstMetric(suppressed, prometheus.CounterValue, float64(n.suppressed), "silence")
	out <- prometheus.MustNewConstMetric(silences, prometheus.GaugeValue, float64(n.silenced.Silences), "active")
}

// notify is the rules.NotifyFunc. It gets every alert that fires after every evaluation, and once more when it is resolved.
func (n *notifier) notify(_ context.Context, _ string, alerts ...*rules.Alert) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, alert := range alerts {
		watchdog, key := alert.Labels.Get(model.AlertNameLabel) == Watchdog, alert.Labels.Hash()
		switch {
		case !alert.ResolvedAt.IsZero():
			delete(n.notified, key)
		case n.notified[key]: // it repeats what on-call knows
		case n.matches(alert.Labels):
			n.suppressed++
			n.silenced.Suppressed++
		case watchdog:
			n.sent[heartbeat]++
			n.silenced.Sent++
		default:
			n.notified[key] = true
			n.sent[onCall]++
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
		n.silenced = Notified{}
		if on {
			n.silenced.Silences = 1
		}
	}
	n.silence = matchers
}

// answer answers the question about notifications.
func (n *notifier) answer() Notified {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.silenced
}

// matchers reads the matchers of a silence, such as alertname=~".+".
func (e *engine) matchers(texts []string) ([]*labels.Matcher, error) {
	if len(texts) == 0 {
		return nil, fmt.Errorf(`matchers must name alerts, such as ["alertname=~\".+\""], got none`)
	}
	var out []*labels.Matcher
	for _, text := range texts {
		m, err := e.parser.ParseMetricSelector("{" + text + "}")
		if err != nil {
			return nil, fmt.Errorf("matcher %q: %w", text, err)
		}
		out = append(out, m...)
	}
	return out, nil
}
