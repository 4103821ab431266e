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
		text, err := io.ReadAll(files)
		if err == nil && header.Typeflag == tar.TypeReg {
			err = os.WriteFile(filepath.Join(dir, filepath.Base(header.Name)), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
