package receiver

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Watchdog is the alert that always fires.
const Watchdog = "Watchdog"

// Receivers of notifications.
const (
	OnCall    = "on-call"   // hears of every alert but the Watchdog
	Heartbeat = "heartbeat" // a dead man's switch: hears of the Watchdog again and again, and its silence is the alarm
)

// Receivers returns all receivers, in the order in which they are shown.
func Receivers() []string { return []string{OnCall, Heartbeat} }

// Notifications describes the metric that counts notifications by receiver, under the name that an Alertmanager gives it.
var Notifications = prometheus.NewDesc("alertmanager_notifications_total", "Notifications sent.", []string{"receiver"}, nil)

// Counts is what came in for one arm since the start: the answer at CountsPath.
type Counts struct {
	LogRecords int64            `json:"log_records"`
	LogAges    time.Duration    `json:"log_ages"` // of the records when they came in, added up, ns
	Notified   map[string]int64 `json:"notified"` // notifications, by receiver
}

// Since returns what came in after an earlier answer.
func (c Counts) Since(before Counts) Counts {
	after := Counts{LogRecords: c.LogRecords - before.LogRecords, LogAges: c.LogAges - before.LogAges, Notified: map[string]int64{}}
	for receiver, n := range c.Notified {
		after.Notified[receiver] = n - before.Notified[receiver]
	}
	return after
}

// LogAge is the mean age of the log records; 0 if none came.
func (c Counts) LogAge() time.Duration {
	if c.LogRecords <= 0 {
		return 0
	}
	return c.LogAges / time.Duration(c.LogRecords)
}

// arm counts what comes in for one arm. It is a prometheus.Collector.
type arm struct {
	ages LogAges

	mu       sync.Mutex
	notified map[string]int64 // by receiver; all receivers are there from the start
}

func newArm() *arm {
	a := &arm{notified: map[string]int64{}}
	for _, receiver := range Receivers() {
		a.notified[receiver] = 0
	}
	return a
}

// notify counts a notification. It returns false if there is no such receiver.
func (a *arm) notify(receiver string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, known := a.notified[receiver]
	if known {
		a.notified[receiver]++
	}
	return known
}

// counts returns what has come in.
func (a *arm) counts() Counts {
	c := Counts{Notified: map[string]int64{}}
	c.LogRecords, c.LogAges = a.ages.Total()
	a.mu.Lock()
	defer a.mu.Unlock()
	for receiver, n := range a.notified {
		c.Notified[receiver] = n
	}
	return c
}

// Describe implements prometheus.Collector.
func (a *arm) Describe(out chan<- *prometheus.Desc) {
	a.ages.Describe(out)
	out <- Notifications
}

// Collect implements prometheus.Collector.
func (a *arm) Collect(out chan<- prometheus.Metric) {
	a.ages.Collect(out)
	notified := a.counts().Notified
	for _, receiver := range Receivers() {
		out <- prometheus.MustNewConstMetric(Notifications, prometheus.CounterValue, float64(notified[receiver]), receiver)
	}
}
