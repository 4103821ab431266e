package verdicttest

import (
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

func alerts() []result.Alert {
	alert := func(name, group, needs, summary, expr, runExpr string, wait, least time.Duration, impressions int64) result.Alert {
		return result.Alert{
			Name: name, Group: group, Needs: needs, Summary: summary, Expr: expr, RunExpr: runExpr,
			For: wait, RunFor: wait / 30, LeastDetect: least, MinImpressions: impressions,
		}
	}
	return []result.Alert{
		alert("DefaultContentHigh", "personalization", "metrics", "Many slates are default content",
			`sum(rate(perso_decisions_total{perso_reason!="none"}[5m])) / sum(rate(perso_decisions_total[5m])) > 0.2`,
			`sum(rate(perso_decisions_total{perso_reason!="none"}[10s])) / sum(rate(perso_decisions_total[10s])) > 0.2`,
			time.Minute, 3500*time.Millisecond, 50),
		alert("AttributeMissingLogged", "personalization", "logs", "Decisions log that an attribute is missing",
			`sum(rate(perso_log_records_total{perso_reason="attribute-missing"}[5m])) > 1`,
			`sum(rate(perso_log_records_total{perso_reason="attribute-missing"}[10s])) > 1`,
			time.Minute, 4*time.Second, 0),
		alert("ClickThroughLow", "model", "metrics", "Click-through is under its baseline",
			`sum(rate(perso_clicks_total[10m])) / sum(rate(perso_impressions_total[10m])) < 0.9 * 0.12`,
			`sum(rate(perso_clicks_total[20s])) / sum(rate(perso_impressions_total[20s])) < 0.9 * 0.12`,
			2*time.Minute, 8*time.Second, 9000),
		alert("InputDrift", "model", "metrics", "Inputs differ from those the model was trained on",
			`max(perso_feature_psi) > 0.25`, `max(perso_feature_psi) > 0.25`, time.Minute, 6*time.Second, 400),
		alert("ConsumerLagHigh", "stream", "outside", "The event consumer falls behind",
			`sum(kafka_consumergroup_lag) > 200`, `sum(kafka_consumergroup_lag) > 200`, time.Minute, 3*time.Second, 0),
		alert("EventAgeHigh", "stream", "metrics", "Events are old when they are processed",
			`histogram_quantile(0.9, sum by (le) (rate(perso_event_age_seconds_bucket[5m]))) > 2`,
			`histogram_quantile(0.9, sum by (le) (rate(perso_event_age_seconds_bucket[10s]))) > 2`,
			time.Minute, 4*time.Second, 0),
	}
}

func faults() []result.Fault {
	return []result.Fault{
		{ID: "none", Title: "No fault", Felt: "nothing"},
		{
			ID: "profile-attribute-missing", Title: "A profile attribute goes missing", Felt: "default content for many users",
			Expect: []string{"DefaultContentHigh", "AttributeMissingLogged"}, Allow: []string{"ClickThroughLow"},
			Evidence: `log records or spans with perso.reason = "attribute-missing"`,
		},
		{
			ID: "model-drift", Title: "The population drifts from the model", Felt: "recommendations that fit worse",
			Expect: []string{"InputDrift", "ClickThroughLow"}, Evidence: `spans with perso.confidence < 0.3`,
		},
		{
			ID: "consumer-lag", Title: "Kafka lags", Felt: "recommendations that ignore the last clicks",
			Expect: []string{"ConsumerLagHigh", "EventAgeHigh"},
		},
	}
}

// Offsets of a pass, from its first event.
const (
	cleanAt     = 3 * time.Second
	injectAt    = 13 * time.Second
	confirmedAt = 14 * time.Second
	revertAt    = 29 * time.Second
	revertedAt  = 30 * time.Second
	doneAt      = 42 * time.Second
)

// firing is one stretch of an alert: offsets into the pass.
type firing struct {
	level, alert      string
	pending, from, to time.Duration
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// catch adds one pass per fault, all levels at once.
func (b *builder) catch() {
	passes := map[string][]firing{
		"none": {{"logs", "EventAgeHigh", seconds(7), seconds(9), seconds(12)}},
		"profile-attribute-missing": {
			{"metrics", "DefaultContentHigh", seconds(17), seconds(19.5), seconds(36)},
			{"logs", "AttributeMissingLogged", seconds(16), seconds(18), seconds(35)},
			{"logs", "DefaultContentHigh", seconds(17), seconds(20), seconds(37)},
			{"full", "AttributeMissingLogged", seconds(16.5), seconds(18.5), seconds(35)},
			{"full", "DefaultContentHigh", seconds(17), seconds(20), seconds(46)}, // outlives its pass
		},
		"model-drift": {
			{"metrics", "EventAgeHigh", seconds(6), seconds(8), seconds(11)}, // a false alarm
			{"metrics", "InputDrift", seconds(20), seconds(22.5), seconds(39)},
			{"full", "InputDrift", seconds(21), seconds(23), 0}, // not seen to clear
		},
		"consumer-lag": {
			{"off", "ConsumerLagHigh", seconds(16.5), seconds(18.5), seconds(34)},
			{"metrics", "ConsumerLagHigh", seconds(16.5), seconds(18.5), seconds(34)},
			{"metrics", "EventAgeHigh", seconds(18), seconds(20), seconds(38)},
			{"logs", "EventAgeHigh", seconds(17), seconds(19), seconds(37)},
			{"logs", "ConsumerLagHigh", seconds(16.5), seconds(20), seconds(34)},
		},
	}
	evidence := []result.FaultEvent{
		evidenceEvent("profile-attribute-missing", "logs", 0, 212, `212 log records say attribute-missing: age`),
		evidenceEvent("profile-attribute-missing", "full", 0, 431, `219 spans and 212 log records say attribute-missing: age`),
		evidenceEvent("model-drift", "full", 14, 120, `120 spans with low confidence, 14 of them before the fault`),
	}
	for _, f := range b.data.Run.Faults {
		b.pass(f.ID, passes[f.ID])
	}
	slices.SortStableFunc(b.data.Alerts, func(x, y result.AlertEvent) int { return x.Time.Compare(y.Time) })
	for _, e := range evidence {
		e.Time = b.now
		b.data.Faults = append(b.data.Faults, e)
	}
	b.examples()
}

func evidenceEvent(fault, arm string, clean, found float64, text string) result.FaultEvent {
	return result.FaultEvent{
		Fault: fault, Phase: result.PhaseEvidence, Arm: arm, Detail: text,
		Values: map[string]float64{"clean": clean, "fault": found},
	}
}

// pass adds the events and slots of one fault and moves the clock behind it.
func (b *builder) pass(fault string, firings []firing) {
	event := func(at time.Duration, phase, arm, detail string) {
		b.data.Faults = append(b.data.Faults, result.FaultEvent{
			Time: b.now.Add(at), Fault: fault, Phase: phase, Arm: arm, Detail: detail,
		})
	}
	event(0, result.PhaseSettle, "", "")
	event(cleanAt, result.PhaseClean, "", "")
	event(injectAt, result.PhaseInject, "", "")
	for i, l := range b.data.Run.Levels {
		if fault == "consumer-lag" && l.Name == "full" {
			event(confirmedAt, result.PhaseUnconfirmed, l.Name, "the lag stayed under 200 records")
			continue
		}
		event(confirmedAt+time.Duration(i)*100*time.Millisecond, result.PhaseConfirmed, l.Name, "effect seen")
	}
	event(revertAt, result.PhaseRevert, "", "")
	for i, l := range b.data.Run.Levels {
		event(revertedAt+time.Duration(i)*100*time.Millisecond, result.PhaseReverted, l.Name, "effect gone")
	}
	event(doneAt, result.PhaseDone, "", "")
	for _, f := range firings {
		b.alert(f)
	}
	b.catchSlots()
	b.now = b.now.Add(doneAt + 100*time.Millisecond)
}

func (b *builder) alert(f firing) {
	change := func(at time.Duration, from, to string) {
		b.data.Alerts = append(b.data.Alerts, result.AlertEvent{
			Time: b.now.Add(at), Arm: f.level, Alert: f.alert, From: from, To: to,
		})
	}
	change(f.pending, result.Inactive, result.Pending)
	change(f.from, result.Pending, result.Firing)
	if f.to > 0 {
		change(f.to, result.Firing, result.Inactive)
	}
}

// catchSlots adds a slot of every level for every second of a pass.
func (b *builder) catchSlots() {
	for at := time.Duration(0); at < doneAt; at += time.Second {
		for _, l := range b.data.Run.Levels {
			start := b.now.Add(at)
			b.data.Slots = append(b.data.Slots, result.Slot{
				Phase: slot.Catch, Order: b.order, Arm: l.Name, Start: start, End: start.Add(time.Second), Drained: true,
				Work: slot.ArmReport{
					Arm: l.Name, Scheduled: 40, Sent: 40, Steps: map[string]int64{"recommend": 18, "impression": 18, "click": 4},
					LagP99: 400 * time.Microsecond, Impressions: 18, Clicks: 2, AgeBands: []int64{3, 4, 4, 4, 3},
				},
				Telemetry: telemetry(l.Name, 40, 1),
			})
		}
		b.order++
	}
}
