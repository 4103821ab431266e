package experiment

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/testenv"
)

// All stands for everything that there is, in the place of a list of levels or faults. A printed experiment has the names.
const All = "all"

// Levels are compared with the first of them, the baseline.
type Levels []Level

// NamedLevels are the shipped levels of these names, or every one for the single name All.
func NamedLevels(names ...string) (Levels, error) {
	if isAll(names) {
		names = nil
		for _, l := range testenv.Levels() {
			names = append(names, l.Name)
		}
	}
	var levels Levels
	for _, name := range names {
		level, err := testenv.Level(name)
		if err != nil {
			return nil, err
		}
		levels = append(levels, Level{level})
	}
	return levels, nil
}

// UnmarshalYAML takes a list of levels, or All.
func (l *Levels) UnmarshalYAML(node *yaml.Node) (err error) {
	if node.Kind != yaml.ScalarNode {
		return node.Decode((*[]Level)(l))
	}
	if node.Value != All {
		return noList(node)
	}
	*l, err = NamedLevels(All)
	return err
}

// Faults are entries of the catalogue, in the order in which they are injected, in the form that faults.Lookup takes: an id, and
// after a colon the parameters that are not to have their defaults.
type Faults []string

// NamedFaults are the faults of these ids, or the whole catalogue for the single name All. Validate refuses unknown ones.
func NamedFaults(ids ...string) Faults {
	if !isAll(ids) {
		return ids
	}
	var all Faults
	for _, f := range faults.All() {
		all = append(all, f.ID)
	}
	return all
}

// UnmarshalYAML takes a list, or All. An entry with parameters is a mapping, as in {id: model-drift, mix: 0.5}, or a text, as in
// 'model-drift: mix=0.5'.
func (f *Faults) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		if node.Value != All {
			return noList(node)
		}
		*f = NamedFaults(All)
		return nil
	}
	var entries []yaml.Node
	if err := node.Decode(&entries); err != nil {
		return err
	}
	*f = make(Faults, len(entries))
	for i, entry := range entries {
		text, err := faultOf(&entry)
		if err != nil {
			return err
		}
		(*f)[i] = text
	}
	return nil
}

// faultOf reads one entry of a list of faults.
func faultOf(node *yaml.Node) (string, error) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Kind != yaml.MappingNode {
		var text string
		return text, node.Decode(&text)
	}
	id, params := "", []string(nil)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		switch {
		case value.Kind != yaml.ScalarNode:
			return "", fmt.Errorf("line %d: faults: %s: want a value, got a list or a mapping", value.Line, key)
		case key == "id" && id != "":
			return "", fmt.Errorf("line %d: faults: id is given twice: %s and %s", value.Line, id, value.Value)
		case key == "id":
			id = value.Value
		default:
			params = append(params, key+"="+value.Value)
		}
	}
	if id == "" {
		return "", fmt.Errorf("line %d: faults: want {id: FAULT, PARAMETER: VALUE, …}, got no id", node.Line)
	}
	if params == nil {
		return id, nil
	}
	return id + ": " + strings.Join(params, ", "), nil
}

func isAll(names []string) bool { return len(names) == 1 && names[0] == All }

// noList refuses a word in the place of a list.
func noList(node *yaml.Node) error {
	return fmt.Errorf("line %d: want a list of names, or %s for every one there is, got %q", node.Line, All, node.Value)
}
