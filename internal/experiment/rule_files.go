package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/alerts"
)

// RuleFiles are paths of rule files, or patterns of path/filepath.Match for several; empty: the shipped rules.
type RuleFiles []string

// UnmarshalYAML takes a list, or a single path; "" is an empty list.
func (r *RuleFiles) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return node.Decode((*[]string)(r))
	}
	if *r = nil; node.Value != "" {
		*r = RuleFiles{node.Value}
	}
	return nil
}

// MarshalYAML writes a single path as such.
func (r RuleFiles) MarshalYAML() (any, error) {
	if len(r) > 1 {
		return []string(r), nil
	}
	return strings.Join(r, ""), nil
}

// paths are the files, in the order in which they are named and those of one pattern sorted, each once.
func (r RuleFiles) paths() ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, name := range r {
		found, err := matches(name)
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			full, err := filepath.Abs(path)
			if err != nil {
				return nil, err
			}
			if !seen[full] {
				seen[full] = true
				out = append(out, path)
			}
		}
	}
	return out, nil
}

// matches are the paths that a name stands for: itself, if there is such a file, or else those that match it as a pattern.
func matches(name string) ([]string, error) {
	if _, err := os.Stat(name); err == nil || !strings.ContainsAny(name, `*?[`) {
		return []string{name}, nil
	}
	if slices.Contains(strings.Split(filepath.ToSlash(name), "/"), "**") {
		return nil, fmt.Errorf("%s: ** does not reach into directories of any depth: name a pattern for each depth, such as rules/*.yaml,rules/*/*.yaml", name)
	}
	found, err := filepath.Glob(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no file matches this pattern", name)
	}
	return found, nil
}

// read reads the files.
func (r RuleFiles) read() ([]alerts.File, error) {
	paths, err := r.paths()
	if err != nil {
		return nil, err
	}
	var files []alerts.File
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return nil, fmt.Errorf("%s is a directory: name its rule files, for instance %s", path, filepath.Join(path, "*.yaml"))
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			here, _ := os.Getwd()
			return nil, fmt.Errorf("%s: there is no such file (relative paths start at %s)", path, here)
		}
		if err != nil {
			return nil, err
		}
		files = append(files, alerts.File{Name: path, Text: text})
	}
	return files, nil
}
