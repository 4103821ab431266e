// Package backends is what a user needs to start the telemetry back ends that are no part of a run: a compose file with a
// profile for each, and what their programs read.
package backends

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Network is the network of all that the compose file starts. A Collector that is in it reaches each back end at its
// standard address.
const Network = "tollgate-backends"

//go:embed files
var files embed.FS

// Profiles are the profiles of the compose file, each named as the back end that it starts.
func Profiles() []string {
	return []string{"jaeger", "zipkin", "tempo", "grafana", "elasticsearch", "clickhouse"}
}

// Write writes the compose file and what belongs to it into dir, which it makes if there is none. Files that are there
// already and differ are left alone: that is an error, which names the first.
func Write(dir string) error {
	return fs.WalkDir(files, "files", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rest, err := filepath.Rel("files", filepath.FromSlash(name))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rest)
		if entry.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if have, err := os.ReadFile(to); err == nil {
			if string(have) == string(text) {
				return nil
			}
			return fmt.Errorf("backends: %s is there already and differs: move it away, or write to another directory", to)
		}
		return os.WriteFile(to, text, 0o644)
	})
}
