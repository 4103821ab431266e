// Package backends has the files with which a user starts telemetry back ends that are not part of a run: a Compose file with a
// profile for each, and the configuration files of their programs.
package backends

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Network is the network of everything that the Compose file starts. A Collector in this network reaches each back end at its
// standard address.
const Network = "tollgate-backends"

//go:embed files
var files embed.FS

// Profiles returns the profiles of the Compose file. Each has the name of the back end that it starts.
func Profiles() []string {
	return []string{"jaeger", "zipkin", "tempo", "grafana", "elasticsearch", "clickhouse"}
}

// Write writes the Compose file and the configuration files into dir, and makes dir if it does not exist. It does not change
// files that exist already: if one differs, that is an error, which names the first such file.
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
			return os.MkdirAll(to, 0o755) // #nosec G301 -- the user of a container reads it
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
		return create(to, text)
	})
}

// create writes a file that must not be there, not even as a link.
func create(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) // #nosec G302 -- the user of a container reads it
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
