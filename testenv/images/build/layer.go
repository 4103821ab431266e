package build

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Entry is a file or a directory of an Image. The directories above it need no entry of their own: they belong to root and
// have mode 0755.
type Entry struct {
	Path  string      // absolute
	Mode  fs.FileMode // permissions and fs.ModeSticky; with fs.ModeDir, a directory
	Owner int         // user and group id
	From  string      // the file of this machine that is copied
	Text  []byte      // the content, if From is empty
}

// layer writes the entries, in the order of their paths, as a tar archive.
func (i Image) layer(w io.Writer) error {
	entries := map[string]Entry{}
	for _, e := range i.Entries {
		e.Path = path.Clean(e.Path)
		if _, twice := entries[e.Path]; twice {
			return fmt.Errorf("%s: two entries", e.Path)
		}
		entries[e.Path] = e
	}
	for _, e := range i.Entries {
		for dir := path.Dir(path.Clean(e.Path)); dir != "/" && dir != "."; dir = path.Dir(dir) {
			if _, there := entries[dir]; !there {
				entries[dir] = Entry{Path: dir, Mode: fs.ModeDir | 0o755}
			}
		}
	}
	out := tar.NewWriter(w)
	for _, p := range slices.Sorted(maps.Keys(entries)) {
		if err := entries[p].write(out); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return out.Close()
}

// write writes one entry of a layer.
func (e Entry) write(out *tar.Writer) error {
	header := &tar.Header{
		Name: strings.TrimPrefix(e.Path, "/"), Mode: int64(e.Mode.Perm()), Uid: e.Owner, Gid: e.Owner, Size: int64(len(e.Text)),
		Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0),
	}
	if e.Mode&fs.ModeSticky != 0 {
		header.Mode |= 0o1000
	}
	if e.Mode.IsDir() {
		header.Name, header.Size, header.Typeflag = header.Name+"/", 0, tar.TypeDir
		return out.WriteHeader(header)
	}
	if e.From == "" {
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		_, err := out.Write(e.Text)
		return err
	}
	f, err := os.Open(e.From)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.CopyN(out, f, header.Size) // exactly as much as the header says, even if the file grows
	return err
}
