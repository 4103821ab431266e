package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"

	"github.com/moby/moby/api/types/jsonstream"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// loadsAtOnce is how many archives are loaded, or images pulled, at the same time.
const loadsAtOnce = 2

// Load loads archives of docker save into the engine. Path names one archive, or a directory in which every archive is
// loaded, whatever its name, and every other file is skipped. Archives may be compressed by gzip or xz. Load returns the
// references that it has loaded, also if it returns an error. It calls say, which may be nil, with a line per archive.
func Load(ctx context.Context, e *engine.Engine, path string, say func(string)) ([]string, error) {
	files, err := archives(path)
	if err != nil {
		return nil, err
	}
	say = oneByOne(say)
	loaded, errs := make([][]string, len(files)), make([]error, len(files))
	var group errgroup.Group
	group.SetLimit(loadsAtOnce)
	for i, file := range files {
		group.Go(func() error {
			if loaded[i], errs[i] = loadFile(ctx, e, file); len(loaded[i]) > 0 {
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

// oneByOne makes a say that several goroutines may call at once; nil makes one that does nothing.
func oneByOne(say func(string)) func(string) {
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

// Add loads an image into the engine under the reference ref. It replaces the image that had this reference before.
func Add(ctx context.Context, e *engine.Engine, ref string, image build.Image) error {
	r, w := io.Pipe()
	saved := make(chan error, 1)
	go func() { // ends with r, which is closed below
		err := image.Save(w, ref)
		saved <- errors.Join(err, w.CloseWithError(err))
	}()
	_, err := load(ctx, e, r)
	_ = r.Close()
	if failed := <-saved; failed != nil && !errors.Is(failed, io.ErrClosedPipe) {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("engine: image %s: %w", ref, err)
	}
	return nil
}

// loadFile loads one archive.
func loadFile(ctx context.Context, e *engine.Engine, path string) ([]string, error) {
	a, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	defer a.Close()
	refs, err := load(ctx, e, a)
	if a.err != nil {
		err = a.err
	}
	if err != nil {
		return refs, fmt.Errorf("images: %s: %w", path, err)
	}
	return refs, nil
}

// load sends an archive to the engine. It returns the references that the engine has loaded from it; for an image without
// a reference, its id.
func load(ctx context.Context, e *engine.Engine, archive io.Reader) ([]string, error) {
	answer, err := e.Client.ImageLoad(ctx, archive)
	if err != nil {
		return nil, loadError(err)
	}
	defer answer.Close()
	return loadedRefs(answer)
}

// loadedRefs reads the engine's answer to an archive: lines of JSON. One of them may be an error.
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

// loadError explains why the engine refused an archive.
func loadError(err error) error {
	switch text := err.Error(); {
	case engine.DiskFull(err):
		return engine.Explain(err)
	case strings.Contains(text, "manifest.json"), strings.Contains(text, "/repositories"), // files that it looked for in the archive
		strings.Contains(text, "unrecognized image format"):
		return fmt.Errorf("no docker save archive: %w", err)
	}
	return err
}
