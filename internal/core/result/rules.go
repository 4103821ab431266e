package result

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Rules are the alerting rules of a run. Several may have one name: the severities of one burn rate, for one.
type Rules []Alert

// ID names a rule so that it is told from the others: by the name of its alert, and where several have that name by those of
// its labels in which they differ, as in BurnRate{severity="page"}. Rules that differ in nothing have one ID.
func (r Rules) ID(i int) string {
	differ := map[string]bool{}
	for _, other := range r {
		if other.Name != r[i].Name {
			continue
		}
		for _, labels := range []map[string]string{r[i].Labels, other.Labels} {
			for name := range labels {
				if r[i].Labels[name] != other.Labels[name] {
					differ[name] = true
				}
			}
		}
	}
	if len(differ) == 0 {
		return r[i].Name
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(differ)) {
		parts = append(parts, fmt.Sprintf("%s=%q", name, r[i].Labels[name]))
	}
	return r[i].Name + "{" + strings.Join(parts, ",") + "}"
}

// IDs are those of all rules, by index.
func (r Rules) IDs() []string {
	out := make([]string, len(r))
	for i := range r {
		out[i] = r.ID(i)
	}
	return out
}

// Of returns the rules from which an alert with this name and these labels can come, as indices: those whose labels it has,
// and among them those with the most. A label whose value is a template can have any value.
func (r Rules) Of(name string, labels map[string]string) []int {
	var out []int
	most := -1
	for i, a := range r {
		matched := a.matches(labels)
		if a.Name != name || matched < 0 || matched < most {
			continue
		}
		if matched > most {
			most, out = matched, nil
		}
		out = append(out, i)
	}
	return out
}

// matches counts the labels of a rule that an alert has, too; −1 if it has one with another value.
func (a Alert) matches(labels map[string]string) int {
	matched := 0
	for name, value := range a.Labels {
		switch {
		case strings.Contains(value, "{{"):
		case labels[name] != value: // an alert has no label whose value is empty
			return -1
		default:
			matched++
		}
	}
	return matched
}

// Covers says whether an entry of Fault.Expect or Fault.Allow means a rule: it is the name of its alert, or its ID.
func (r Rules) Covers(entry string, i int) bool { return entry == r[i].Name || entry == r.ID(i) }
