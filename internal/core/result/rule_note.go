package result

import (
	"fmt"
	"strings"
)

// RuleNote is something to know about several rules.
type RuleNote struct {
	Text  string      `json:"text"`
	Rules []NotedRule `json:"rules"` // in rule-file order
}

// NotedRule is one rule that a RuleNote is about.
type NotedRule struct {
	Rule    string   `json:"rule"`              // the name of the alert, or the name that it records; "group NAME" for a whole group
	Details []string `json:"details,omitempty"` // what it is in this rule
}

// String is the note with all its rules, e.g. "the time of day runs at its own speed: NightlyJobLate (hour())".
func (n RuleNote) String() string { return n.First(len(n.Rules)) }

// First is the note with about that many of its rules, and how many more there are: "…: A, B and 21 others".
func (n RuleNote) First(most int) string {
	if len(n.Rules)-1 <= most { // the name of one more is no longer than "and 1 other"
		most = len(n.Rules)
	}
	var rules []string
	for _, r := range n.Rules[:most] {
		if len(r.Details) > 0 {
			r.Rule += " (" + strings.Join(r.Details, "; ") + ")"
		}
		rules = append(rules, r.Rule)
	}
	text := n.Text + ": " + strings.Join(rules, ", ")
	if more := len(n.Rules) - most; more > 0 {
		return fmt.Sprintf("%s and %d others", text, more)
	}
	return text
}
