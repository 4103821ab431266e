package alerts

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"
)

// parse reads the text of a rule file as Prometheus does. Its messages have the places that the text has in the original.
func parse(name string, text []byte, original place) ([]rulefmt.RuleGroup, error) {
	groups, errs := rulefmt.Parse(text, false, model.UTF8Validation, newParser(), slog.New(slog.DiscardHandler))
	if bad := badDurations(text); len(bad) > 0 && len(errs) > 0 {
		errs = bad // the parser reports them without their place
	}
	var messages []string
	for _, err := range errs {
		messages = append(messages, fmt.Sprintf("alerts: %s: %s", name, original.of(placed(err.Error(), text))))
	}
	errs = nil
	for _, message := range slices.Compact(messages) { // the parser reads the file twice
		errs = append(errs, errors.New(message))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return groups.Groups, nil
}

// badDurations finds the durations of a rule file that cannot be read, with place and rule.
func badDurations(text []byte) (errs []error) {
	var file struct {
		Groups []struct {
			Name        string
			Interval    yaml.Node
			QueryOffset yaml.Node `yaml:"query_offset"`
			Rules       []struct {
				Alert, Record string
				For           yaml.Node
				KeepFiringFor yaml.Node `yaml:"keep_firing_for"`
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil // something else is wrong, which the parser has reported
	}
	check := func(key string, node yaml.Node, where string) {
		if node.IsZero() {
			return
		}
		if _, err := model.ParseDuration(node.Value); err != nil {
			errs = append(errs, fmt.Errorf("%d:%d: %s: %s must be a duration such as 30s or 5m, got %q",
				node.Line, node.Column, where, key, node.Value))
		}
	}
	for _, g := range file.Groups {
		where := fmt.Sprintf("group %q", g.Name)
		check("interval", g.Interval, where)
		check("query_offset", g.QueryOffset, where)
		for i, r := range g.Rules {
			where := fmt.Sprintf("group %q, rule %d, %q", g.Name, i+1, r.Alert+r.Record)
			check("for", r.For, where)
			check("keep_firing_for", r.KeepFiringFor, where)
		}
	}
	return errs
}
