package images

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ulikunitz/xz"
)

// archives lists the archives at a path: the file itself, or those in the directory.
func archives(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	if !info.IsDir() {
		f, err := open(path)
		if err != nil {
			return nil, fmt.Errorf("images: %w", err)
		}
		return []string{path}, f.Close()
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	var out []string
	for _, entry := range entries {
		file := filepath.Join(path, entry.Name())
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() { // a link to a file is one
			continue
		}
		f, err := open(file)
		if errors.Is(err, errNoArchive) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("images: %w", err)
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("images: %w", err)
		}
		out = append(out, file)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("images: %s: no archive in it: want files as docker save writes them, as they are or compressed by gzip or xz", path)
	}
	return out, nil
}

// errNoArchive says that a file is no archive.
var errNoArchive = errors.New("no docker save archive: want a tar file, as it is or compressed by gzip or xz")

// archive is an open archive, decompressed as it is read. It remembers why reading failed, because the engine's
// answer to half an archive does not say so.
type archive struct {
	io.Reader
	file *os.File
	err  error
}

func (a *archive) Close() error { return a.file.Close() }

func (a *archive) Read(b []byte) (int, error) {
	n, err := a.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
	}
	return n, err
}

// open opens a file if its first bytes are those of a tar archive, compressed or not; else the error is errNoArchive.
func open(path string) (*archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	plain, err := decompress(bufio.NewReaderSize(f, 1<<16))
	if err == nil {
		var head []byte
		if head, err = plain.Peek(262); err == nil && string(head[257:]) != "ustar" { // where POSIX puts a tar file's magic
			err = errNoArchive
		}
	}
	if errors.Is(err, io.EOF) { // too short for one
		err = errNoArchive
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return &archive{Reader: plain, file: f}, nil
}

// decompress undoes the compression that the first bytes of a stream show, if any.
func decompress(in *bufio.Reader) (*bufio.Reader, error) {
	var plain io.Reader
	magic, err := in.Peek(6)
	switch {
	case err != nil:
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		plain, err = gzip.NewReader(in)
	case bytes.Equal(magic, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		plain, err = xz.NewReader(in)
	default:
		return in, nil
	}
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(plain, 1<<16), nil
}
