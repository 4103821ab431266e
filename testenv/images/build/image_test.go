package build

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// headers are those of a tar archive, by name.
func headers(t *testing.T, archive io.Reader) map[string]*tar.Header {
	t.Helper()
	out := map[string]*tar.Header{}
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if out[h.Name] != nil {
			t.Errorf("%s is there twice", h.Name)
		}
		out[h.Name] = h
	}
}

func TestLayer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Image{Arch: "amd64", Entries: []Entry{
		{Path: "/usr/bin/program", Mode: 0o755, From: file},
		{Path: "/tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777},
		{Path: "/data", Mode: fs.ModeDir | 0o755, Owner: 42},
		{Path: "/etc/passwd", Mode: 0o644, Text: []byte("root")},
	}}
	var layer bytes.Buffer
	if err := s.layer(&layer); err != nil {
		t.Fatal(err)
	}
	got := headers(t, &layer)
	for _, want := range []tar.Header{
		{Name: "usr/", Mode: 0o755, Typeflag: tar.TypeDir}, // the directories above come by themselves
		{Name: "usr/bin/", Mode: 0o755, Typeflag: tar.TypeDir},
		{Name: "usr/bin/program", Mode: 0o755, Typeflag: tar.TypeReg, Size: 5},
		{Name: "tmp/", Mode: 0o1777, Typeflag: tar.TypeDir},
		{Name: "data/", Mode: 0o755, Typeflag: tar.TypeDir, Uid: 42, Gid: 42},
		{Name: "etc/passwd", Mode: 0o644, Typeflag: tar.TypeReg, Size: 4},
	} {
		h := got[want.Name]
		if h == nil || h.Mode != want.Mode || h.Typeflag != want.Typeflag || h.Uid != want.Uid || h.Gid != want.Gid || h.Size != want.Size {
			t.Errorf("%s: got %+v, want %+v", want.Name, h, want)
		}
	}
	if len(got) != 7 {
		t.Errorf("%d entries, want 7", len(got))
	}
	s.Entries = append(s.Entries, Entry{Path: "/data/", Mode: fs.ModeDir | 0o700})
	if err := s.layer(io.Discard); err == nil {
		t.Error("two entries of one path were taken")
	}
}

// TestID holds the id to the content: the same is the same, and anything else is another.
func TestID(t *testing.T) {
	base := func() Image {
		return Image{Arch: "amd64", Entrypoint: []string{"/p"}, Entries: []Entry{{Path: "/p", Mode: 0o755, Text: []byte("p")}, {Path: "/q", Text: []byte("q")}}}
	}
	id := func(s Image) string {
		t.Helper()
		id, err := s.ID()
		if err != nil || len(id) != 64 {
			t.Fatalf("id %q, %v", id, err)
		}
		return id
	}
	first := id(base())
	moved := base()
	slices.Reverse(moved.Entries)
	if id(moved) != first {
		t.Error("the order of the entries changes the id")
	}
	for name, change := range map[string]func(*Image){
		"content": func(s *Image) { s.Entries[0].Text = []byte("P") }, "mode": func(s *Image) { s.Entries[0].Mode = 0o700 },
		"owner": func(s *Image) { s.Entries[0].Owner = 1 }, "user": func(s *Image) { s.User = "1:1" },
		"architecture": func(s *Image) { s.Arch = "arm64" }, "label": func(s *Image) { s.Labels = map[string]string{"a": "b"} },
	} {
		s := base()
		change(&s)
		if id(s) == first {
			t.Errorf("another %s has the same id", name)
		}
	}
	missing := Image{Entries: []Entry{{Path: "/p", From: filepath.Join(t.TempDir(), "nowhere")}}}
	if _, err := missing.ID(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "/p") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestResolve(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"lib/real", "lib64"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "lib/real/ld.so.1"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		"lib64/ld.so":    "/lib/real/ld.so", // begins at the root, not at this machine's
		"lib/real/ld.so": "ld.so.1", "lib64/up.so": "../lib/real/ld.so.1", "lib64/circle": "circle", "lib64/gone": "nowhere",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]bool{"/lib64/ld.so": true, "/lib64/up.so": true, "/lib64/circle": false, "/lib64/gone": false, "/lib64": false} {
		got, ok := Resolve(root, path)
		if ok != want || ok && got != filepath.Join(root, "lib/real/ld.so.1") {
			t.Errorf("%s: %q, %v; want %v", path, got, ok, want)
		}
	}
}
