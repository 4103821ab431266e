package catch

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Want is what a budget may demand of the catch.
type Want string

// Kinds of demands.
const (
	WantDetected    Want = "detected"     // a fault fires an alert that it should
	WantDiagnosed   Want = "diagnosed"    // the level's own telemetry names the cause of a fault
	MissedOK        Want = "missed ok"    // a fault may be missed: other demands leave it out
	WantFalseAlarms Want = "false-alarms" // no more alerts without need than this
	WantFired       Want = "fired"        // an alert fires for a fault that should fire it
)

// All is the subject of a demand on every fault, or every alert.
const All = "all"

// RulesLevel stands for the level in a demand on rules, which is on all levels together.
const RulesLevel = "rules"

// Demand is what a budget demands of the catch.
type Demand struct {
	Kind    Want          // "": nothing
	Subject string        // the ID of a fault, for WantFired of an alert, or All; "" for WantFalseAlarms
	Within  time.Duration // of WantDetected: the most time from the confirmed effect to the alert; 0: any
	Wall    bool          // Within is wall time, not rule time: see result.Run.Lapse
	Share   float64       // of WantDetected and WantDiagnosed: the least share of the passes, in (0, 1]; 0: every pass
	Most    float64       // of WantFalseAlarms: how many
	Hourly  bool          // Most is per hour without a fault, not in the whole catch
}

// demandForms are the demands as they are written.
const demandForms = "FAULT detected, FAULT detected <= 2m, FAULT detected >= 80%, FAULT diagnosed, all detected, all diagnosed, " +
	"FAULT missed ok, false-alarms <= 0, false-alarms <= 2/h, rules: ALERT fired, rules: all fired"

// ParseDemand reads a demand without its level, such as "consumer-lag detected <= 2m" (in rule time; with "wall" behind it in wall
// time), "all diagnosed", "model-drift missed ok", "false-alarms <= 0"; with the level "rules", "all fired". ok is false for a text
// that is no demand on the catch at all.
func ParseDemand(level, text string) (d Demand, ok bool, err error) {
	plain := strings.NewReplacer("≤", " <= ", "≥", " >= ", "<=", " <= ", ">=", " >= ").Replace(text)
	words := strings.Fields(plain)
	at := slices.IndexFunc(words, func(w string) bool {
		return slices.Contains([]Want{WantDetected, WantDiagnosed, WantFalseAlarms, WantFired, "missed"}, Want(w))
	})
	if at < 0 { // also of a level that somebody has called rules
		return Demand{}, false, nil
	}
	d, err = parseDemand(level, words, at)
	if err != nil {
		return Demand{}, true, fmt.Errorf("%w: want one of: %s", err, demandForms)
	}
	return d, true, nil
}

func parseDemand(level string, words []string, at int) (Demand, error) {
	var d Demand
	switch {
	case (level == RulesLevel) != (Want(words[at]) == WantFired):
		return d, errors.New("the level rules is for alerts that have to have fired, and they for it")
	case at > 1 && level != RulesLevel: // the ID of an alert can have labels with spaces
		return d, fmt.Errorf("%q is more than one name", strings.Join(words[:at], " "))
	}
	d.Kind = Want(words[at])
	rest := words[at+1:]
	d.Subject = strings.Join(words[:at], " ")
	if d.Kind == "missed" {
		if d.Kind = MissedOK; len(rest) == 0 || rest[0] != "ok" {
			return d, errors.New("what may be missed is missed ok")
		}
		rest = rest[1:]
	}
	switch {
	case d.Kind == WantFalseAlarms && at > 0:
		return d, fmt.Errorf("false alarms are not of %s, but of a level", d.Subject)
	case d.Kind == WantFalseAlarms:
		return d, d.parseMost(rest)
	case d.Subject == "":
		return d, fmt.Errorf("%s lacks a name before it", d.Kind)
	case d.Kind == MissedOK && d.Subject == All:
		return d, errors.New("what may be missed has to be named")
	case len(rest) == 0:
		return d, nil
	case d.Kind == WantDetected && rest[0] == "<=":
		return d, d.parseWithin(rest[1:])
	case (d.Kind == WantDetected || d.Kind == WantDiagnosed) && rest[0] == ">=":
		return d, d.parseShare(rest[1:])
	default:
		return d, fmt.Errorf("%q makes no sense here", strings.Join(rest, " "))
	}
}

// parseWithin reads "2m", "2m wall", "2m rule".
func (d *Demand) parseWithin(words []string) (err error) {
	if len(words) == 2 && (words[1] == "wall" || words[1] == "rule") {
		d.Wall, words = words[1] == "wall", words[:1]
	}
	if len(words) != 1 {
		return fmt.Errorf("time %q: want one such as 2m, or 2s wall", strings.Join(words, " "))
	}
	if d.Within, err = time.ParseDuration(words[0]); err != nil || d.Within <= 0 {
		return fmt.Errorf("time %q: want one above 0, such as 2m, or 2s wall", words[0])
	}
	return nil
}

// parseShare reads "80%" and "80 %".
func (d *Demand) parseShare(words []string) error {
	text := strings.Join(words, "")
	number, percent := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || !(share > 0 && share <= 100) {
		return fmt.Errorf("share %q: want one above 0 and up to 100 %%, such as 80%%", text)
	}
	d.Share = share / 100
	return nil
}

// parseMost reads "<= 0" and "<= 2/h".
func (d *Demand) parseMost(words []string) (err error) {
	if len(words) != 2 || words[0] != "<=" {
		return errors.New("false alarms need a limit, such as <= 0 or <= 2/h")
	}
	number, hourly := strings.CutSuffix(words[1], "/h")
	d.Hourly = hourly
	d.Most, err = strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(d.Most) || math.IsInf(d.Most, 0) || d.Most < 0 || !hourly && d.Most != math.Trunc(d.Most) {
		return fmt.Errorf("limit %q of false alarms: want a whole number of them, or a rate such as 2/h", words[1])
	}
	return nil
}

// Known refuses a demand on a fault or an alert that is not among these.
func (d Demand) Known(faults, alerts []string) error {
	names, what := faults, "fault"
	if d.Kind == WantFired {
		names, what = alerts, "alert"
	}
	switch {
	case d.Kind == WantFalseAlarms || d.Subject == All || slices.Contains(names, d.Subject) && d.Subject != noFault:
		return nil
	case d.Subject == noFault:
		return errors.New("the fault none injects nothing, so that there is nothing to catch: limit its false alarms")
	default:
		return fmt.Errorf("there is no %s %q here: want one of %s, or %s", what, d.Subject,
			strings.Join(slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == noFault }), ", "), All)
	}
}
