package alerts

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Messages of Prometheus's parser without a place, or with the place 0:0.
var (
	ofRule   = regexp.MustCompile(`^(?:0:0: )*group ("(?:[^"\\]|\\.)*"), rule (\d+), `)
	ofRepeat = regexp.MustCompile(`^0:0: groupname: "(.*)" is repeated`)
	ofNoName = regexp.MustCompile(`^0:0: Groupname must not be empty`)
)

// placed gives a message the place of the rule or group that it is about, if the parser has left that out.
func placed(message string, text []byte) string {
	docs, err := documents(text)
	if err != nil || len(docs) == 0 {
		return message
	}
	groups := child(docs[0], "groups")
	if groups == nil {
		return message
	}
	named := func(name string) (found []*yaml.Node) {
		for _, g := range groups.Content {
			if value(g, "name") == name {
				found = append(found, resolved(g))
			}
		}
		return found
	}
	var at *yaml.Node
	if m := ofRule.FindStringSubmatch(message); m != nil {
		name, _ := strconv.Unquote(m[1])
		number, _ := strconv.Atoi(m[2])
		for _, g := range named(name) {
			if rules := child(g, "rules"); rules != nil && number <= len(rules.Content) {
				at = resolved(rules.Content[number-1])
				break
			}
		}
	} else if m := ofRepeat.FindStringSubmatch(message); m != nil {
		if all := named(m[1]); len(all) > 1 {
			at = all[1]
		}
	} else if ofNoName.MatchString(message) {
		if all := named(""); len(all) > 0 {
			at = all[0]
		}
	}
	if at == nil {
		return message
	}
	for strings.HasPrefix(message, "0:0: ") {
		message = strings.TrimPrefix(message, "0:0: ")
	}
	return fmt.Sprintf("%d:%d: %s", at.Line, at.Column, message)
}
