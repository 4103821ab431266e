// Package scenarios holds the k6 scripts and the experiment files that ship with tollgate. `tollgate run` executes two of the
// scripts; the others, journeys.js and replay.js, are there to be run by hand, and to start one's own from.
package scenarios

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Scripts holds the scripts by file name.
//
//go:embed *.js
var Scripts embed.FS

// File names in Scripts.
const (
	Measure  = "measure.js"  // carries out the orders of `tollgate run`
	Own      = "script.js"   // does the same with a script of the user's own; Script fills it in
	Journeys = "journeys.js" // journeys of a population, paced by k6
)

// Script returns Own for the script of the user's own at an absolute path, which must be a file.
func Script(path string) ([]byte, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("scenarios: script %s: the path must be absolute", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("scenarios: script: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("scenarios: script %s is no file", path)
	}
	text, err := Scripts.ReadFile(Own)
	if err != nil {
		return nil, fmt.Errorf("scenarios: %w", err)
	}
	specifier, err := json.Marshal(path) // a JSON string is a JavaScript string
	if err != nil {
		return nil, fmt.Errorf("scenarios: script %s: %w", path, err)
	}
	return bytes.Replace(text, []byte("'USER_SCRIPT'"), specifier, 1), nil
}
