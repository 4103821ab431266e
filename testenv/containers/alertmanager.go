package containers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/receiver"
)

// silentConfig accepts every alert and notifies nobody: users can look at the alerts.
const silentConfig = `route:
  receiver: nobody
  group_by: [arm, alertname]
  group_wait: 0s
receivers:
  - name: nobody
`

// notifyingConfig has every alert go to on-call once, and the alert that always fires to the heartbeat all the time: of two intervals
// of a group, every one is longer than the pause after which a notification is repeated.
const notifyingConfig = `route:
  receiver: ` + receiver.OnCall + `
  group_by: [arm, alertname]
  group_wait: 0s
  group_interval: 500ms
  repeat_interval: 24h
  routes:
    - receiver: ` + receiver.Heartbeat + `
      matchers: ['alertname = "` + receiver.Watchdog + `"']
      repeat_interval: 100ms
receivers:
  - name: ` + receiver.OnCall + `
    webhook_configs: [{url: '` + receiverURL + `', send_resolved: false}]
  - name: ` + receiver.Heartbeat + `
    webhook_configs: [{url: '` + receiverURL + `', send_resolved: false}]
`

// alertmanagerConfig is the configuration of the Alertmanager that all arms share: with a receiver it notifies.
func (l *launch) alertmanagerConfig() []byte {
	if l.spec.Links {
		return []byte(notifyingConfig)
	}
	return []byte(silentConfig)
}

// receiverURL is where the Alertmanager notifies.
const receiverURL = "http://" + receiverHost + ":" + servicePort + receiver.NotifyPath

// silence is what holds back an arm's notifications in the Alertmanager that all arms share.
type silence struct {
	mu     sync.Mutex
	id     string // "": there is none
	starts time.Time
	before receiver.Counts // what had come in when it began
}

// matcher is a condition of a silence, in the form of the Alertmanager's API.
type matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual bool   `json:"isEqual"`
}

// silenceAlerts silences alerts of the arm. The silence ends with its lease by itself, whoever has died: every silence has an end.
func silenceAlerts(ctx context.Context, a *arm, _ string, params any, d time.Duration) error {
	matchers, err := a.matchers(params)
	if err != nil {
		return err
	}
	s := &a.silence
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == "" {
		if s.before, err = a.counts(ctx); err != nil {
			return err
		}
		s.starts = time.Now()
	}
	var made struct {
		ID string `json:"silenceID"`
	}
	set := func(id string) error {
		return a.launch.client.Do(ctx, http.MethodPost, a.alertmanager("silences"), map[string]any{
			"id": id, "matchers": matchers, "startsAt": s.starts, "endsAt": time.Now().Add(d), "createdBy": "tollgate", "comment": "a fault",
		}, &made)
	}
	err = set(s.id)
	if status, ok := errors.AsType[*api.StatusError](err); ok && status.Code == http.StatusNotFound { // it is long over, and forgotten
		err = set("")
	}
	if err != nil {
		return fmt.Errorf("testenv: arm %s: silence: %w", a.spec.Name, err)
	}
	s.id = made.ID
	return nil
}

// matchers are those of the parameters, and that of the arm.
func (a *arm) matchers(params any) ([]matcher, error) {
	var of receiver.Silencing
	if err := lever.Params(params, &of); err != nil {
		return nil, fmt.Errorf("testenv: %s: %w", lever.SilenceAlerts, err)
	}
	parsed, err := of.Parse()
	if err != nil {
		return nil, fmt.Errorf("testenv: %s: %w", lever.SilenceAlerts, err)
	}
	all := []matcher{{Name: "arm", Value: a.spec.Name, IsEqual: true}}
	for _, m := range parsed {
		all = append(all, matcher{
			Name: m.Name, Value: m.Value,
			IsRegex: m.Type == labels.MatchRegexp || m.Type == labels.MatchNotRegexp,
			IsEqual: m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp,
		})
	}
	return all, nil
}

// endSilence ends the silence of the arm.
func endSilence(ctx context.Context, a *arm, _ string) error {
	s := &a.silence
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == "" {
		return nil
	}
	err := a.launch.client.Do(ctx, http.MethodDelete, a.alertmanager("silence/"+s.id), nil, nil)
	if err != nil {
		if active, known := s.active(ctx, a); known != nil || active {
			return fmt.Errorf("testenv: arm %s: silence: %w", a.spec.Name, errors.Join(err, known))
		}
	}
	s.id = ""
	return nil
}

// active says whether the silence is in force. The caller has the lock.
func (s *silence) active(ctx context.Context, a *arm) (bool, error) {
	if s.id == "" {
		return false, nil
	}
	var of struct {
		Status struct{ State string }
	}
	err := a.launch.client.Get(ctx, a.alertmanager("silence/"+s.id), &of)
	if status, ok := errors.AsType[*api.StatusError](err); ok && status.Code == http.StatusNotFound {
		return false, nil
	}
	return of.Status.State == "active", err
}

// askNotified answers what the Alertmanager holds back now, and what it has sent since the silence began.
func askNotified(ctx context.Context, a *arm, _ string, _, out any) error {
	s := &a.silence
	s.mu.Lock()
	defer s.mu.Unlock()
	var n lever.Notified
	active, err := s.active(ctx, a)
	if active {
		n.Silences = 1
		var alerts []struct {
			Labels map[string]string
			Status struct{ SilencedBy []string }
		}
		err = a.launch.client.Get(ctx, a.alertmanager("alerts"), &alerts)
		for _, alert := range alerts {
			if alert.Labels["arm"] == a.spec.Name && len(alert.Status.SilencedBy) > 0 {
				n.Suppressed++
			}
		}
	}
	counts, err2 := a.counts(ctx)
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("testenv: arm %s: notifications: %w", a.spec.Name, err)
	}
	for _, sent := range counts.Since(s.before).Notified {
		n.Sent += int(sent)
	}
	return answer(n, out)
}

// alertmanager is the URL of a part of the Alertmanager's API.
func (a *arm) alertmanager(path string) string {
	return a.launch.shared[alertmanagerHost].URL(alertmanagerPort) + "/api/v2/" + path
}

// counts reads what has come in for the arm at the far end of the pipelines.
func (a *arm) counts(ctx context.Context) (receiver.Counts, error) {
	var c receiver.Counts
	err := a.launch.client.Get(ctx, a.launch.shared[receiverHost].URL(servicePort)+receiver.CountsPath(a.spec.Name), &c)
	return c, err
}

// answer decodes an answer into out, as one that came as JSON.
func answer(from, out any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}
