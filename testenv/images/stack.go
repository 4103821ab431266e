package images

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// Label is the label of the images that tollgate builds. Its value is the name of the image.
const Label = "dev.tollgate.image"

const (
	stackName = "stack" // the label's value on the services' image
	stackRepo = "tollgate/stack"
	stackUser = 65532 // nobody that any system knows
)

// Stack makes sure that the engine has the image of the stack's services, and returns its reference. All services run from
// this one image; it holds the tollgate program at the path binary. The tag follows from the content, so an image that is
// there is not built again. If the program is linked dynamically, the image also holds this machine's loader and libraries.
// Stack calls say, which may be nil, with a line when it has built the image.
func Stack(ctx context.Context, e *engine.Engine, binary string, say func(string)) (string, error) {
	image, err := stackImage(binary, e.Arch())
	if err != nil {
		return "", err
	}
	ref, err := stackRef(image)
	if err != nil {
		return "", fmt.Errorf("engine: image of the stack: %w", err)
	}
	missing, err := Missing(ctx, e, []string{ref})
	if err != nil || len(missing) == 0 {
		return ref, err
	}
	begin := time.Now()
	if err := Add(ctx, e, ref, image); err != nil {
		return "", err
	}
	oneByOne(say)(fmt.Sprintf("built %s, the image of the services, in %v", ref, time.Since(begin).Round(100*time.Millisecond)))
	return ref, nil
}

// stackRef is the reference of an image of the stack: its tag is the beginning of its id.
func stackRef(image build.Image) (string, error) {
	id, err := image.ID()
	if err != nil {
		return "", err
	}
	return stackRepo + ":" + id[:12], nil
}

// stackImage describes the image of the stack that runs a program on an architecture.
func stackImage(binary, goarch string) (build.Image, error) {
	refuse := func(err error) error {
		return fmt.Errorf("engine: %s cannot run in containers of %s: %w; build one that does (CGO_ENABLED=0 GOOS=linux GOARCH=%s go build -o bin/tollgate ./cmd/tollgate) "+
			"and name it in TOLLGATE_STACK_BINARY", binary, goarch, err, goarch)
	}
	if err := build.CheckProgram(binary, goarch); err != nil {
		return build.Image{}, refuse(err)
	}
	linked, err := build.Libraries("/", binary)
	if err != nil {
		return build.Image{}, refuse(fmt.Errorf("it is linked dynamically, and %w", err))
	}
	return build.Image{
		Arch:       goarch,
		Entries:    slices.Concat([]build.Entry{{Path: "/tollgate", Mode: 0o755, From: binary}}, linked, build.Base(stackUser, "/data")),
		Entrypoint: []string{"/tollgate"},
		User:       fmt.Sprintf("%d:%d", stackUser, stackUser),
		Dir:        "/data",
		Labels:     map[string]string{Label: stackName},
	}, nil
}

// Prune removes the images of the stack that no container uses, except the one that Stack makes of binary. It returns the
// references that it has removed, and those that it has kept because a container uses them.
func Prune(ctx context.Context, e *engine.Engine, binary string) (removed, used []string, err error) {
	keep := ""
	if image, err := stackImage(binary, e.Arch()); err == nil { // else there is none to keep
		if keep, err = stackRef(image); err != nil {
			return nil, nil, fmt.Errorf("engine: image of the stack: %w", err)
		}
	}
	return prune(ctx, e, stackRepo, stackName, keep)
}

// prune removes the images of a repository whose Label has the value name and that no container uses, except keep.
func prune(ctx context.Context, e *engine.Engine, repo, name, keep string) (removed, used []string, err error) {
	list, err := e.Client.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", Label+"="+name)})
	if err != nil {
		return nil, nil, engine.Explain(err)
	}
	var errs []error
	for _, image := range list.Items {
		for _, ref := range image.RepoTags {
			if ref == keep || !strings.HasPrefix(ref, repo+":") {
				continue
			}
			_, err := e.Client.ImageRemove(ctx, ref, client.ImageRemoveOptions{PruneChildren: true})
			switch {
			case err == nil:
				removed = append(removed, ref)
			case cerrdefs.IsConflict(err):
				used = append(used, ref)
			case !cerrdefs.IsNotFound(err):
				errs = append(errs, fmt.Errorf("image %s: %w", ref, err))
			}
		}
	}
	return removed, used, errors.Join(errs...)
}
