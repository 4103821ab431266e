package alerts

import (
	"errors"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// resolved is a node, or what it refers to.
func resolved(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// child is the value of a key of a mapping; nil if there is none, or the node is no mapping.
func child(n *yaml.Node, key string) *yaml.Node {
	if n = resolved(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolved(n.Content[i+1])
		}
	}
	return nil
}

// value is the text of a key of a mapping; "" if there is none.
func value(n *yaml.Node, key string) string {
	if c := child(n, key); c != nil && c.Kind == yaml.ScalarNode {
		return c.Value
	}
	return ""
}

func keysOf(n *yaml.Node) []string {
	var keys []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	return keys
}

// without is a mapping without a key.
func without(n *yaml.Node, key string) *yaml.Node {
	n = resolved(n)
	if child(n, key) == nil {
		return n
	}
	out := *n
	out.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != key {
			out.Content = append(out.Content, n.Content[i], n.Content[i+1])
		}
	}
	return &out
}

// position is a line and a column, from 1.
type position struct{ line, column int }

// place says where in a file something stands that was extracted from it; nil: where it stands anyway.
type place map[position]position

// extract writes a part of a file as a file of its own, and says where its nodes stand in the original.
func extract(n *yaml.Node) ([]byte, place, error) {
	nodes := 0
	whole, err := expanded(n, &nodes)
	if err != nil {
		return nil, nil, err
	}
	text, err := yaml.Marshal(whole)
	if err != nil {
		return nil, nil, err
	}
	var written yaml.Node
	if err := yaml.Unmarshal(text, &written); err != nil {
		return nil, nil, err
	}
	original := place{}
	original.add(written.Content[0], whole)
	return text, original, nil
}

// mostNodes is how many nodes a rule file may have when its references are written out.
const mostNodes = 1_000_000

// expanded is a copy with all references written out and without comments.
func expanded(n *yaml.Node, nodes *int) (*yaml.Node, error) {
	if *nodes++; *nodes > mostNodes {
		return nil, errors.New("the references (*) of the file make it too large")
	}
	n = resolved(n)
	out := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, Line: n.Line, Column: n.Column}
	for _, c := range n.Content {
		copied, err := expanded(c, nodes)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, copied)
	}
	return out, nil
}

func (p place) add(written, original *yaml.Node) {
	at := position{written.Line, written.Column}
	if _, known := p[at]; !known { // a mapping begins where its first key does
		p[at] = position{original.Line, original.Column}
	}
	if line := (position{written.Line, 0}); p[line] == (position{}) {
		p[line] = position{original.Line, 0}
	}
	for i := range min(len(written.Content), len(original.Content)) {
		p.add(written.Content[i], original.Content[i])
	}
}

var (
	placePrefix = regexp.MustCompile(`^(\d+:\d+: )+`)
	placeOnce   = regexp.MustCompile(`(\d+):(\d+)`)
	lineMention = regexp.MustCompile(`(?m)^(  |yaml: )line (\d+):`)
)

// of puts the places in a message of the parser right.
func (p place) of(message string) string {
	if p == nil {
		return message
	}
	message = placePrefix.ReplaceAllStringFunc(message, func(prefix string) string {
		return placeOnce.ReplaceAllStringFunc(prefix, func(at string) string {
			m := placeOnce.FindStringSubmatch(at)
			line, _ := strconv.Atoi(m[1])
			column, _ := strconv.Atoi(m[2])
			if to, ok := p[position{line, column}]; ok {
				return strconv.Itoa(to.line) + ":" + strconv.Itoa(to.column)
			}
			return at
		})
	})
	return lineMention.ReplaceAllStringFunc(message, func(mention string) string {
		m := lineMention.FindStringSubmatch(mention)
		line, _ := strconv.Atoi(m[2])
		if to, ok := p[position{line, 0}]; ok {
			return m[1] + "line " + strconv.Itoa(to.line) + ":"
		}
		return mention
	})
}
