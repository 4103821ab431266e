package engine

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/moby/moby/api/types/jsonstream"
	"github.com/ulikunitz/xz"
	"golang.org/x/sync/errgroup"
)

// loadsAtOnce is how many archives are loaded, or images pulled, at the same time.
const loadsAtOnce = 2

// Load gives the engine the images of docker save archives: of one file, or of every archive in a directory, whatever
// their names, as they are or compressed by gzip or xz. Other files of a directory are passed over. It returns the
// references that are there now, also beside an error. Say takes a line per archive; nil: nobody.
func (e *Engine) Load(ctx context.Context, path string, say func(string)) ([]string, error) {
	files, err := archives(path)
	if err != nil {
		return nil, err
	}
	say = onebyone(say)
	loaded, errs := make([][]string, len(files)), make([]error, len(files))
	var group errgroup.Group
	group.SetLimit(loadsAtOnce)
	for i, file := range files {
		group.Go(func() error {
			if loaded[i], errs[i] = e.loadFile(ctx, file); len(loaded[i]) > 0 {
				say(fmt.Sprintf("loaded %s from %s", strings.Join(loaded[i], ", "), filepath.Base(file)))
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in errs
	var refs []string
	for _, l := range loaded {
		refs = append(refs, l...)
	}
	if ctx.Err() != nil {
		return refs, context.Cause(ctx)
	}
	return refs, errors.Join(errs...)
}

// onebyone lets say be called by several at once, and be nil.
func onebyone(say func(string)) func(string) {
	var mu sync.Mutex
	return func(line string) {
		if say == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		say(line)
	}
}

// archives are the files at a path that look like archives.
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

// errNoArchive is of a file that is no archive.
var errNoArchive = errors.New("no docker save archive: want a tar file, as it is or compressed by gzip or xz")

// archive is an open archive, decompressed as it is read. It remembers why reading failed, which the engine's answer to
// half an archive does not say.
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

// open opens a file that its first bytes show to be a tar archive, compressed or not.
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

// decompress looks at the first bytes for what a stream is compressed with.
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

func (e *Engine) loadFile(ctx context.Context, path string) ([]string, error) {
	a, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	defer a.Close()
	refs, err := e.load(ctx, a)
	if a.err != nil {
		err = a.err
	}
	if err != nil {
		return refs, fmt.Errorf("images: %s: %w", path, err)
	}
	return refs, nil
}

// load sends an archive to the engine, and returns the references, or ids where it names none, that the engine has
// loaded from it.
func (e *Engine) load(ctx context.Context, archive io.Reader) ([]string, error) {
	answer, err := e.Client.ImageLoad(ctx, archive)
	if err != nil {
		return nil, loadError(err)
	}
	defer answer.Close()
	return loadedRefs(answer)
}

// loadedRefs reads the engine's answer to an archive: lines of JSON, an error among them where there is one.
func loadedRefs(answer io.Reader) ([]string, error) {
	var refs []string
	for lines := json.NewDecoder(answer); ; {
		var m jsonstream.Message
		err := lines.Decode(&m)
		switch {
		case errors.Is(err, io.EOF) && len(refs) == 0:
			return nil, errors.New("the engine has loaded no image from it")
		case errors.Is(err, io.EOF):
			return refs, nil
		case err != nil:
			return refs, fmt.Errorf("the engine's answer: %w", err)
		case m.Error != nil:
			return refs, loadError(m.Error)
		}
		for line := range strings.Lines(m.Stream) {
			for _, prefix := range []string{"Loaded image: ", "Loaded image ID: "} {
				if ref, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
					refs = append(refs, ref)
				}
			}
		}
	}
}

// loadError says what the engine has against an archive.
func loadError(err error) error {
	switch text := err.Error(); {
	case diskFull(err):
		return explain(err)
	case strings.Contains(text, "manifest.json"), strings.Contains(text, "/repositories"), // which it has not found inside
		strings.Contains(text, "unrecognized image format"):
		return fmt.Errorf("no docker save archive: %w", err)
	}
	return err
}

// diskFull reports whether an error is that of a full disk, which engines say in words only.
func diskFull(err error) bool { return strings.Contains(err.Error(), "no space left") }
