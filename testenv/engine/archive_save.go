package engine

import (
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
)

// saveFile writes an image's archive, compressed by gzip, to a file that is there when it is whole.
func saveFile(path, ref string, s Scratch) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	z := gzip.NewWriter(f)
	if err := errors.Join(s.Save(z, ref), z.Close(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
