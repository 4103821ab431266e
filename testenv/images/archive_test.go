package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

// tarOf is a tar archive of one file.
func tarOf(t *testing.T, name, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func xzed(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := xz.NewWriter(&out)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// write fills a directory with files.
func write(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestArchives(t *testing.T) {
	plain := tarOf(t, "manifest.json", "[]")
	dir := write(t, map[string][]byte{
		"a.tar": plain, "b.tgz": gzipped(t, plain), "c": xzed(t, plain), // what they are is not in their names
		"README.md": []byte("# Images"), "empty.tar": nil, "text.gz": gzipped(t, []byte("a text")), "short.tar": plain[:100],
	})
	if err := os.Mkdir(filepath.Join(dir, "more.tar"), 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := archives(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	if want := []string{"a.tar", "b.tgz", "c"}; !slices.Equal(files, want) {
		t.Errorf("archives are %v, want %v", files, want)
	}
	for _, name := range []string{"a.tar", "b.tgz", "c"} {
		a, err := open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(a)
		if err != nil || !bytes.Equal(text, plain) {
			t.Errorf("%s: %d bytes, %v; want the %d of the tar file", name, len(text), err, len(plain))
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "README.md"), "README.md: no docker save archive"},
		{filepath.Join(dir, "nowhere"), "no such file"},
		{t.TempDir(), "no archive in it"},
		// An archive that begins well and is damaged is not passed over as if it were a README.
		{write(t, map[string][]byte{"cut.tar.xz": xzed(t, plain)[:8]}), "cut.tar.xz"},
	} {
		if _, err := archives(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
	}
}
