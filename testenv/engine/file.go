package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/moby/client"
)

// File is a file or a directory to put into a container before it starts.
type File struct {
	Path string // absolute
	Text []byte
	Mode fs.FileMode // permissions; with fs.ModeDir, a directory
}

// put copies files into a container, in the place of those that are there.
func (e *Engine) put(ctx context.Context, id string, files []File) error {
	if len(files) == 0 {
		return nil
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		header := &tar.Header{Name: strings.TrimPrefix(f.Path, "/"), Mode: int64(f.Mode.Perm()), Size: int64(len(f.Text)), Typeflag: tar.TypeReg}
		if f.Mode.IsDir() {
			header.Name, header.Size, header.Typeflag = header.Name+"/", 0, tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return fmt.Errorf("engine: %s: %w", f.Path, err)
		}
		if !f.Mode.IsDir() {
			if _, err := w.Write(f.Text); err != nil {
				return fmt.Errorf("engine: %s: %w", f.Path, err)
			}
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	_, err := e.Client.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: "/", Content: &archive})
	if err != nil {
		return fmt.Errorf("engine: files of %.12s: %w", id, Explain(err))
	}
	return nil
}

// CopyOut copies the contents of a directory of the container, which may have stopped, to a directory here.
func (c *Container) CopyOut(ctx context.Context, from, to string) error {
	answer, err := c.session.Client.CopyFromContainer(ctx, c.ID, client.CopyFromContainerOptions{SourcePath: from})
	if err != nil {
		return fmt.Errorf("%s: copy of %s: %w", c.Name, from, err)
	}
	defer answer.Content.Close()
	if err := unpack(answer.Content, path.Base(from), to); err != nil {
		return fmt.Errorf("%s: copy of %s: %w", c.Name, from, err)
	}
	return nil
}

// unpack writes the files of a tar archive that are below the directory first in it to the directory to. It skips links and
// special files.
func unpack(archive io.Reader, first, to string) error {
	root, err := openRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, inside := strings.CutPrefix(path.Clean(header.Name), first)
		name = strings.TrimPrefix(name, "/")
		if !inside || name == "" {
			continue
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(filepath.FromSlash(name), 0o700)
		case tar.TypeReg:
			err = unpackFile(root, filepath.FromSlash(name), r)
		}
		if err != nil {
			return err
		}
	}
}

// openRoot opens a directory, which it makes if need be. Nothing that is written through it leaves the directory.
func openRoot(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

func unpackFile(root *os.Root, name string, from io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
