// Package resulttest has what tests of several packages do with recorded run directories.
package resulttest

import (
	"archive/tar"
	"compress/gzip"
	"errors"
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
	root, err := os.OpenRoot(dir) // no name leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	if err := root.MkdirAll(filepath.Dir(header.Name), 0o700); err != nil {
		return err
	}
	return root.WriteFile(header.Name, text, 0o600)
}
