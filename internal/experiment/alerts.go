package experiment

import (
	"maps"
	"slices"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// LoadRules reads the experiment's rules, the shipped ones unless it names others.
func (e *Experiment) LoadRules() (*alerts.Pack, error) {
	if len(e.Alerts.Rules) == 0 {
		return alerts.Load("the shipped rules", rules.Pack)
	}
	files, err := readRules(e.Alerts.Rules)
	if err != nil {
		return nil, err
	}
	return alerts.LoadFiles(files...)
}

// validateAlerts reads the rules, and refuses expected alerts that they do not have. It returns the rules; nil if they cannot be read.
func (e *Experiment) validateAlerts(c *complaints) result.Rules {
	pack, err := e.LoadRules()
	if err != nil {
		c.add("alerts.rules: %v", err)
		return nil
	}
	rules := pack.Alerts()
	for _, fault := range slices.Sorted(maps.Keys(e.Alerts.Expect)) {
		if err := faults.Known(fault); err != nil {
			c.add("alerts.expect: %v", err)
		}
		for _, alert := range e.Alerts.Expect[fault] {
			if _, err := alerts.Resolve(rules, alert); err != nil {
				c.add("alerts.expect: %s: %v", fault, err)
			}
		}
	}
	return rules
}
