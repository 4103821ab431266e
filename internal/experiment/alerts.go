package experiment

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// LoadRules reads the experiment's rules, the shipped ones unless it names others.
func (e *Experiment) LoadRules() (*alerts.Pack, error) {
	if len(e.Alerts.Rules) == 0 {
		return alerts.Load("the shipped rules", rules.Pack)
	}
	files, err := e.Alerts.Rules.read()
	if err != nil {
		return nil, err
	}
	return alerts.LoadFiles(files...)
}

// validateAlerts reads the rules, and refuses expected alerts that the rules do not have.
func (e *Experiment) validateAlerts(c *complaints) {
	pack, err := e.LoadRules()
	if err != nil {
		c.add("alerts.rules: %v", err)
		return
	}
	var names []string
	for _, a := range pack.Alerts() {
		names = append(names, a.Name)
	}
	for _, fault := range slices.Sorted(maps.Keys(e.Alerts.Expect)) {
		if _, err := faults.Lookup(fault); err != nil {
			c.add("alerts.expect: %v", err)
		}
		for _, alert := range e.Alerts.Expect[fault] {
			if !slices.Contains(names, alert) {
				c.add("alerts.expect: %s: the rules have no alert %q: legal names are %s", fault, alert, strings.Join(names, ", "))
			}
		}
	}
}

// LeastWindow is the least window of a time-lapsed rule: it holds three samples of the slower source.
func (e *Experiment) LeastWindow() time.Duration {
	return 3 * max(e.Telemetry.ScrapeInterval, e.Telemetry.CatchMetricInterval)
}
