// Package resulttest has what tests of several packages do with recorded run directories.
package resulttest

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Unpack returns a directory with the files of an archive (tar and gzip) of a run. The test's end removes it.
func Unpack(t testing.TB, archive string) string {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := write(dir, header, files); err != nil {
			t.Fatal(err)
		}
	}
}

// write writes one file of an archive, in its folder within the directory.
func write(dir string, header *tar.Header, from io.Reader) error {
	if header.Typeflag != tar.TypeReg {
		return nil
	}
	if !filepath.IsLocal(header.Name) {
		return fmt.Errorf("%s leads out of the archive", header.Name)
	}
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, header.Name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
