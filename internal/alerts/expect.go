package alerts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Resolve returns what an entry of alerts.expect means, in the form of result.Fault.Expect. An entry is the name of an alert,
// which means every rule of that name, or the name and a selector of labels that the rules set: BurnRate{severity="page"}. The
// error lists what there is.
func Resolve(rules result.Rules, entry string) ([]string, error) {
	if slices.ContainsFunc(rules, func(a result.Alert) bool { return a.Name == entry }) {
		return []string{entry}, nil
	}
	var names, out []string
	for i, a := range rules {
		if !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
		selector, ok := strings.CutPrefix(entry, a.Name)
		if !ok || !strings.HasPrefix(selector, "{") {
			continue
		}
		matchers, err := newParser().ParseMetricSelector(selector)
		if err != nil {
			return nil, fmt.Errorf("alert %q: want a name, or a name and labels as in %s{severity=\"page\"}: %w", entry, a.Name, err)
		}
		matched := true
		for _, m := range matchers {
			matched = matched && m.Matches(a.Labels[m.Name])
		}
		if id := rules.ID(i); matched && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	if name, _, labelled := strings.Cut(entry, "{"); labelled && slices.Contains(names, name) {
		var same []string
		for _, a := range rules {
			if a.Name == name {
				same = append(same, fmt.Sprintf("%s%v", name, labelText(a.Labels)))
			}
		}
		return nil, fmt.Errorf("the rules have no alert %q: those of that name are %s", entry, strings.Join(same, ", "))
	}
	return nil, fmt.Errorf("the rules have no alert %q: legal names are %s", entry, strings.Join(names, ", "))
}

// labelText writes labels as a selector.
func labelText(labels map[string]string) string {
	var parts []string
	for name, value := range labels {
		parts = append(parts, fmt.Sprintf("%s=%q", name, value))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}
