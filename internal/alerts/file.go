package alerts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"
)

// reads says what a rule file is, in messages about files that are none.
const reads = "tollgate reads rule files of Prometheus, with groups at the top, and PrometheusRule resources"

// read is what one file holds.
type read struct {
	groups []group
	notes  []string // what a reader should know of how the file was read
}

// group is a rule group with the name of the resource that it comes from; "" for a rule file.
type group struct {
	rulefmt.RuleGroup
	resource string
}

// readFile reads a rule file as Prometheus has it, or the PrometheusRule resources among Kubernetes resources: one for a
// document, or several in a list. Errors name the file, and the line in it.
func readFile(name string, text []byte) (read, error) {
	f := &file{name: name, text: text}
	var err error
	if bytes.HasPrefix(text, []byte("\x1f\x8b")) {
		return read{}, f.errorf("this is a compressed file (gzip): decompress it first")
	}
	if err := f.rendered(); err != nil {
		return read{}, err
	}
	if f.documents, err = documents(text); err != nil {
		return read{}, f.errorf("%w", err)
	}
	if len(f.documents) == 0 {
		return read{}, f.errorf("the file is empty: %s", reads)
	}
	for _, doc := range f.documents {
		if err := f.document(doc); err != nil {
			return read{}, err
		}
	}
	rules := 0
	for _, g := range f.groups {
		rules += len(g.Rules)
	}
	switch skipped := strings.Join(f.skipped, ", "); {
	case rules == 0 && f.first != nil:
		return read{}, f.first
	case rules == 0 && skipped != "":
		return read{}, f.errorf("there is no rule in it, only %s: %s", skipped, reads)
	case rules == 0:
		return read{}, f.errorf("there is no rule in it: %s", reads)
	case skipped != "":
		f.notef("left out, since they are no PrometheusRule: %s", skipped)
	}
	if f.plain > 1 {
		f.notef("all %d documents of rules are read; Prometheus itself reads only the first of a file", f.plain)
	}
	return f.read, nil
}

// file is a file while it is read.
type file struct {
	name      string
	text      []byte
	documents []*yaml.Node // those that are not empty
	plain     int          // documents that are rule files
	skipped   []string     // resources that are no PrometheusRule
	first     error        // says what the first of them is that has to do with rules
	read
}

func (f *file) errorf(format string, args ...any) error {
	return fmt.Errorf("alerts: %s: "+format, append([]any{f.name}, args...)...)
}

// at is an error in a line of the file.
func (f *file) at(node *yaml.Node, format string, args ...any) error {
	return f.errorf("line %d: "+format, append([]any{node.Line}, args...)...)
}

func (f *file) notef(format string, args ...any) {
	f.notes = append(f.notes, f.name+": "+fmt.Sprintf(format, args...))
}

// documents are the roots of the documents of a file, without the empty ones.
func documents(text []byte) ([]*yaml.Node, error) {
	var out []*yaml.Node
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if root := doc.Content[0]; root.Tag != "!!null" {
			out = append(out, root)
		}
	}
}

// document reads one document.
func (f *file) document(root *yaml.Node) error {
	if root.Kind != yaml.MappingNode {
		return f.at(root, "want a mapping with the key groups, got a %s: %s", kinds[root.Kind], reads)
	}
	if kind := value(root, "kind"); kind != "" {
		return f.resource(root, kind)
	}
	if what, remedy := foreign(root); what != "" {
		return f.at(root, "this is %s: %s", what, remedy)
	}
	if child(root, "groups") == nil {
		return f.at(root, "there is no key groups, only %s: %s", strings.Join(keysOf(root), ", "), reads)
	}
	f.plain++
	if namespace := child(root, "namespace"); namespace != nil {
		root = without(root, "namespace")
		if err := f.mimir(root); err != nil {
			return err
		}
		f.notef("the rules of the Mimir namespace %s are read as rules of Prometheus", namespace.Value)
		return f.rules(root, "")
	}
	return f.rules(root, "")
}

var kinds = map[yaml.Kind]string{yaml.SequenceNode: "list", yaml.ScalarNode: "word", yaml.AliasNode: "reference"}

// resource reads a Kubernetes resource; others than rules are skipped.
func (f *file) resource(root *yaml.Node, kind string) error {
	name := kind
	if n := value(child(root, "metadata"), "name"); n != "" {
		name += " " + n
	}
	switch kind {
	case "PrometheusRule":
		spec := child(root, "spec")
		if child(spec, "groups") == nil {
			return f.at(root, "%s has no spec.groups", name)
		}
		return f.rules(spec, value(child(root, "metadata"), "name"))
	case "List", "PrometheusRuleList":
		items := child(root, "items")
		if items == nil || items.Kind != yaml.SequenceNode {
			return f.at(root, "%s has no items", name)
		}
		for _, item := range items.Content {
			if item = resolved(item); item.Kind != yaml.MappingNode {
				return f.at(item, "an item of %s is no resource", name)
			}
			if err := f.resource(item, value(item, "kind")); err != nil {
				return err
			}
		}
		return nil
	}
	what, remedy := foreignKind(root, kind)
	if what != "" {
		if f.first == nil {
			f.first = f.at(root, "%s is %s: %s", name, what, remedy)
		}
		name += " (" + what + ")"
	}
	f.skipped = append(f.skipped, name)
	return nil
}

// rules reads the groups of a rule file, or of the spec of a resource.
func (f *file) rules(root *yaml.Node, resource string) error {
	if err := f.dialect(root); err != nil {
		return err
	}
	text, original := f.text, place(nil)
	root, thanos := withoutStrategy(root)
	if len(f.documents) > 1 || root != f.documents[0] {
		var err error
		if text, original, err = extract(root); err != nil {
			return f.errorf("%w", err)
		}
	}
	groups, err := parse(f.name, text, original)
	if err != nil {
		return err
	}
	for _, g := range groups {
		f.groups = append(f.groups, group{g, resource})
	}
	if thanos {
		f.notef("partial_response_strategy, which is for Thanos, has no effect")
	}
	if names := nameless(groups); len(names) > 0 {
		f.notef("%s: selects by labels alone, without the name of a metric; if these are rules of Loki, no Prometheus can answer them",
			strings.Join(names, ", "))
	}
	return nil
}

// withoutStrategy leaves out the key partial_response_strategy of groups, which Thanos has and Prometheus has not.
func withoutStrategy(root *yaml.Node) (*yaml.Node, bool) {
	const strategy = "partial_response_strategy"
	groups := child(root, "groups")
	if groups == nil || !slices.ContainsFunc(groups.Content, func(g *yaml.Node) bool { return child(g, strategy) != nil }) {
		return root, false
	}
	copied := *groups
	copied.Content = nil
	for _, g := range groups.Content {
		copied.Content = append(copied.Content, without(g, strategy))
	}
	out := without(root, "groups")
	out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "groups", Line: groups.Line, Column: 1}, &copied)
	return out, true
}
