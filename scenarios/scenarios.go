// Package scenarios holds the k6 scripts and the experiment files that ship with tollgate. `tollgate run` executes three of the
// scripts; the others are there to be run by hand, and to start one's own from.
package scenarios

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Scripts holds the scripts by file name.
//
//go:embed *.js
var Scripts embed.FS

// File names in Scripts.
const (
	Measure  = "measure.js"    // carries out the orders of `tollgate run`
	Own      = "script.js"     // does the same with a script of the user's own; Script fills it in
	OwnEnv   = "script-env.js" // what Own imports first
	Journeys = "journeys.js"   // journeys of a population, paced by k6
)

// Kept are the options of a user's own script that say how requests are made, and that Own hands to k6.
var Kept = []string{
	"batch", "batchPerHost", "blacklistIPs", "blockHostnames", "discardResponseBodies", "dns", "hosts", "httpDebug",
	"insecureSkipTLSVerify", "localIPs", "maxRedirects", "noConnectionReuse", "noCookiesReset", "noVUConnectionReuse",
	"systemTags", "tags", "throw", "tlsAuth", "tlsCipherSuites", "tlsVersion", "userAgent",
}

// Script returns Own for the script of the user's own at an absolute path, which must be a file, and a copy of OwnEnv at
// another one.
func Script(path, env string) ([]byte, error) {
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
	var filled []string
	for mark, value := range map[string]any{"'USER_SCRIPT'": address(path), "'SCRIPT_ENV'": address(env), "'KEPT'": Kept} {
		script, err := json.Marshal(value) // JSON is JavaScript
		if err != nil {
			return nil, fmt.Errorf("scenarios: script %s: %w", path, err)
		}
		filled = append(filled, mark, string(script))
	}
	return []byte(strings.NewReplacer(filled...).Replace(string(text))), nil
}

// address is a path as k6 imports it whatever characters it has.
func address(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}
