package experiment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Lapse reads the rules and divides their durations, so that they are as the run evaluates them.
func (e *Experiment) Lapse() (*alerts.Lapsed, error) {
	pack, err := e.LoadRules()
	if err != nil {
		return nil, err
	}
	lapsed := pack.Lapse(e.Alerts.Lapse, e.leastWindow())
	lapsed.EvaluatedEvery(e.Alerts.EvalInterval)
	if known, ok := role.Metrics(e.Environment); ok {
		lapsed.Lacking(func(s alerts.Selector) bool { return s.Metric != "" && !slices.Contains(known, s.Metric) })
	}
	if len(e.External.Prometheus) > 0 { // it has had data since before the run
		for i := range lapsed.Alerts {
			lapsed.Alerts[i].Reach, lapsed.Alerts[i].Window, lapsed.Alerts[i].Past = 0, 0, 0
		}
	}
	return lapsed, nil
}

// leastWindow is the least window of a time-lapsed rule: it holds three samples of the slower source.
func (e *Experiment) leastWindow() time.Duration {
	return 3 * max(e.Telemetry.ScrapeInterval, e.Telemetry.CatchMetricInterval)
}

// Lookback is how old a sample may be to count as current. Prometheus has one value for all rules: 5 minutes, ten times the
// usual interval of 30 s. So it is ten times the interval at which samples come in, whatever the rules are, and as long as two
// evaluations of a group whose series other rules read, so that these series have no gaps. A slow group that nobody reads from
// must not make the series of all others outlive their end.
func (e *Experiment) Lookback(lapsed *alerts.Lapsed) time.Duration {
	samples := max(e.Telemetry.ScrapeInterval, e.Telemetry.MetricInterval, e.Telemetry.CatchMetricInterval)
	return max(10*samples, 2*lapsed.SlowestRead())
}

// Fault returns the catalogue's fault of an entry of Faults, with the alerts that this experiment expects of it.
func (e *Experiment) Fault(text string, rules []result.Alert) (faults.Fault, error) {
	f, err := e.lookup(text)
	if err != nil {
		return f, err
	}
	own, ok := e.Alerts.Expect[f.ID]
	if !ok {
		return f, nil
	}
	f.Expect = nil
	for _, entry := range own {
		ids, err := alerts.Resolve(rules, entry)
		if err != nil {
			return f, fmt.Errorf("alerts.expect: %s: %w", f.ID, err)
		}
		f.Expect = append(f.Expect, ids...)
	}
	return f, nil
}

// Warnings are what can be said of the experiment before it runs: Notes, and the RuleWarnings of all its faults.
func (e *Experiment) Warnings() ([]string, error) {
	lapsed, err := e.Lapse()
	if err != nil {
		return nil, err
	}
	var injected []faults.Fault
	for _, id := range e.Faults {
		f, err := e.Fault(id, lapsed.Alerts)
		if err != nil {
			return nil, err
		}
		injected = append(injected, f)
	}
	return append(e.Notes(), e.RuleWarnings(lapsed, injected)...), nil
}

// Foreseen is an alert that, as far as can be said before the run, cannot notice a fault that it is expected to notice.
type Foreseen struct {
	Fault, Alert string // the alert's ID
	Why          string // and what to change
}

// Foresee lists the expected alerts that cannot notice a fault as the passes are planned. The time until an effect is confirmed
// is taken for none, since the plan has only its limit.
func (e *Experiment) Foresee(lapsed *alerts.Lapsed, injected []faults.Fault) []Foreseen {
	var out []Foreseen
	rules := result.Rules(lapsed.Alerts)
	for i, p := range e.Passes(injected) {
		if p.Nth > 0 {
			continue // the first pass has the least past
		}
		hold := e.mostHold()
		age := e.inRun(e.History()) + e.Catch.Settle + time.Duration(i)*(e.Catch.Clean+hold+e.Catch.Clear) + e.Catch.Clean + hold
		for _, s := range catch.Foresee(rules, p.Fault.Expect, hold, age) {
			at := slices.IndexFunc(rules, func(a result.Alert) bool { return a.Name == s.Alert }) // names of shipped alerts are unique
			if at < 0 || !e.elsewhere(rules[at]) {
				out = append(out, Foreseen{p.Fault.ID, s.Alert, s.Why})
			}
		}
	}
	return out
}

// elsewhere says that an alert of the shipped rules lacks only metrics that our own stack has in another environment, so that it is
// right where it is. A rule of the user's own that lacks them here cannot fire, and that is to be said.
func (e *Experiment) elsewhere(a result.Alert) bool {
	if _, ours := role.Metrics(e.Environment); !ours || len(a.Absent) == 0 || len(e.Alerts.Rules) > 0 {
		return false
	}
	var names []string
	for _, environment := range Environments {
		of, _ := role.Metrics(environment)
		names = append(names, of...)
	}
	return !slices.ContainsFunc(a.Absent, func(metric string) bool { return !slices.Contains(names, metric) })
}

// RuleWarnings says in a line each what the rules cannot do in this experiment: the expected alerts that cannot notice their
// faults, the alerts that no fault expects and that cannot fire, and the alerts that cannot be told apart.
func (e *Experiment) RuleWarnings(lapsed *alerts.Lapsed, injected []faults.Fault) []string {
	if len(injected) == 0 {
		return nil // nothing evaluates them
	}
	var out []string
	foreseen := e.Foresee(lapsed, injected)
	for _, f := range foreseen {
		out = append(out, fmt.Sprintf("alert %s cannot notice %s: %s", f.Alert, f.Fault, f.Why))
	}
	out = append(out, lapsed.Ambiguous()...)
	rules := result.Rules(lapsed.Alerts)
	if short := e.shortHistory(rules); short != "" {
		out = append(out, short)
	}
	var lacking []string
	for i, a := range rules {
		said := slices.ContainsFunc(foreseen, func(f Foreseen) bool { return f.Alert == rules.ID(i) })
		if len(a.Absent) > 0 && !said && !e.elsewhere(a) {
			lacking = append(lacking, fmt.Sprintf("%s (%s)", rules.ID(i), strings.Join(a.Absent, ", ")))
		}
	}
	const most = 5 // that are named
	if n := len(lacking); n > 0 {
		more, noun := "", "alerts"
		if n == 1 {
			noun = "alert"
		}
		if n > most {
			more = fmt.Sprintf(" and %d more", n-most)
		}
		out = append(out, fmt.Sprintf("no level has the metrics of %d %s, which cannot fire and so give no false alarm either: %s%s",
			n, noun, strings.Join(lacking[:min(n, most)], ", "), more))
	}
	return out
}
