package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

// FuzzOpen: what is taken for an archive begins as a tar file once it is decompressed; all else is an error that names the file.
// A broken archive says so while it is read, and never ends as if it were whole.
func FuzzOpen(f *testing.F) {
	var plain, zipped, xzipped bytes.Buffer
	out := tar.NewWriter(&plain)
	if err := out.WriteHeader(&tar.Header{Name: "manifest.json", Size: 2, Typeflag: tar.TypeReg}); err != nil {
		f.Fatal(err)
	}
	_, _ = out.Write([]byte("[]"))
	_ = out.Close()
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(plain.Bytes())
	_ = z.Close()
	x, err := xz.NewWriter(&xzipped)
	if err != nil {
		f.Fatal(err)
	}
	_, _ = x.Write(plain.Bytes())
	_ = x.Close()
	for _, seed := range [][]byte{plain.Bytes(), zipped.Bytes(), xzipped.Bytes(), zipped.Bytes()[:40], {0x1f, 0x8b}, nil, []byte("{}")} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), "archive")
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 1<<16 {
			t.Skip("too long to be quick")
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := open(path)
		if err != nil {
			if !strings.HasPrefix(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		defer a.Close()
		var head bytes.Buffer
		n, err := io.Copy(&head, io.LimitReader(a, 1<<20))
		if n < 262 || string(head.Bytes()[257:262]) != "ustar" {
			t.Errorf("%d bytes are taken for a tar file", n)
		}
		if (err != nil) != (a.err != nil) {
			t.Errorf("reading ended with %v, and the archive says %v", err, a.err)
		}
	})
}

// FuzzLoadedRefs: no answer of an engine is taken for success unless it has a reference.
func FuzzLoadedRefs(f *testing.F) {
	f.Add([]byte(`{"stream":"Loaded image: redis:7.0\n"}{"errorDetail":{"message":"bad layer"}}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		refs, err := loadedRefs(bytes.NewReader(answer))
		if err == nil && len(refs) == 0 {
			t.Errorf("%q: neither a reference nor an error", answer)
		}
	})
}
