package build

import (
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
)

// SaveFile writes what Save writes, compressed by gzip, to a file, which appears only when it is complete. It makes the
// directories above the file.
func (i Image) SaveFile(path, ref string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it is renamed already if all went well
	z := gzip.NewWriter(f)
	if err := errors.Join(i.Save(z, ref), z.Close(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
