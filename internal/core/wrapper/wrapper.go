// Package wrapper holds the k6 script that `tollgate run` executes when the load is a script of the user's own, and fills it in.
package wrapper

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
	Own    = "script.js"     // carries out the orders of `tollgate run` with a script of the user's own; Script fills it in
	OwnEnv = "script-env.js" // what Own imports first
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
		return nil, fmt.Errorf("wrapper: script %s: the path must be absolute", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("wrapper: script: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("wrapper: script %s is no file", path)
	}
	text, err := Scripts.ReadFile(Own)
	if err != nil {
		return nil, fmt.Errorf("wrapper: %w", err)
	}
	var filled []string
	for mark, value := range map[string]any{"'USER_SCRIPT'": address(path), "'SCRIPT_ENV'": address(env), "'KEPT'": Kept} {
		script, err := json.Marshal(value) // JSON is JavaScript
		if err != nil {
			return nil, fmt.Errorf("wrapper: script %s: %w", path, err)
		}
		filled = append(filled, mark, string(script))
	}
	return []byte(strings.NewReplacer(filled...).Replace(string(text))), nil
}

// address is a path as k6 imports it whatever characters it has.
func address(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}
