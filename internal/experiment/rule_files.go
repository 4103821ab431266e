package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/testenv"
)

// rulePaths are the files of alerts.rules, in the order in which they are named and those of one pattern sorted, each once.
func rulePaths(names testenv.Files) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, name := range names {
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

// readRules reads the files of alerts.rules.
func readRules(names testenv.Files) ([]alerts.File, error) {
	paths, err := rulePaths(names)
	if err != nil {
		return nil, err
	}
	var out []alerts.File
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return nil, fmt.Errorf("%s is a directory: name its rule files, for instance %s", path, filepath.Join(path, "*.yaml"))
		}
		text, err := files.Read(path, files.Text)
		if errors.Is(err, os.ErrNotExist) {
			here, _ := os.Getwd()
			return nil, fmt.Errorf("%s: there is no such file (relative paths start at %s)", path, here)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, alerts.File{Name: path, Text: text})
	}
	return out, nil
}
