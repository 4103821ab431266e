package engine

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Rewrite is the verb that gives a file of a container other contents, and has the container's process read it again. It is not
// among Verbs, since it is no lever of containers in general: an environment uses it for its own parts. The revert puts the old
// contents back.
const Rewrite = "rewrite"

// Rewriting are the parameters of Rewrite.
type Rewriting struct {
	Path   string `json:"path"`   // absolute, of a file that exists
	Text   []byte `json:"text"`   // its contents while the verb is in force
	Signal string `json:"signal"` // that makes the process read the file, such as SIGHUP
}

// check returns an error that names the field that is wrong.
func (r Rewriting) check() error {
	switch {
	case !path.IsAbs(r.Path):
		return fmt.Errorf("engine: %s: path must be absolute, got %q", Rewrite, r.Path)
	case r.Signal == "":
		return fmt.Errorf("engine: %s: signal must be the name of one, such as SIGHUP", Rewrite)
	}
	return nil
}

func rewriteVerb() Verb {
	return Verb{Name: Rewrite, save: contentsOf, apply: rewrite, revert: rewrite}
}

// contentsOf returns the parameters that undo a rewriting.
func contentsOf(ctx context.Context, e *Engine, id string, params json.RawMessage) (any, error) {
	var r Rewriting
	if err := strict(params, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	text, err := e.contents(ctx, id, r.Path)
	return Rewriting{Path: r.Path, Text: text, Signal: r.Signal}, err
}

func rewrite(ctx context.Context, e *Engine, id string, params json.RawMessage) error {
	var r Rewriting
	if err := strict(params, &r); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	if err := e.put(ctx, id, []File{{Path: r.Path, Text: r.Text, Mode: 0o644}}); err != nil {
		return err
	}
	_, err := e.Client.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: r.Signal})
	if cerrdefs.IsConflict(err) { // it does not run: it will read the file when it starts
		return nil
	}
	return err
}

// maxContents is how much of a file is kept for the revert, in bytes; a longer one is refused.
const maxContents = 256 << 10

// contents returns the contents of a file of a container.
func (e *Engine) contents(ctx context.Context, id, file string) ([]byte, error) {
	answer, err := e.Client.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: file})
	if err != nil {
		return nil, fmt.Errorf("engine: %s of %.12s: %w", file, id, Explain(err))
	}
	defer answer.Content.Close()
	archive := tar.NewReader(answer.Content)
	header, err := archive.Next()
	if err != nil {
		return nil, fmt.Errorf("engine: %s of %.12s: %w", file, id, err)
	}
	if header.Typeflag != tar.TypeReg || header.Size > maxContents {
		return nil, fmt.Errorf("engine: %s of %.12s: want a file of at most %d bytes", file, id, maxContents)
	}
	text, err := io.ReadAll(io.LimitReader(archive, maxContents))
	if err != nil {
		return nil, fmt.Errorf("engine: %s of %.12s: %w", file, id, err)
	}
	return text, nil
}
