package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// LabelImage is the label of the images that tollgate makes: which one it is.
const LabelImage = "dev.tollgate.image"

const (
	stackName = "stack" // the label's value on the services' image
	stackRepo = "tollgate/stack"
	stackUser = 65532 // nobody that any system knows
)

// caBundle is where the certificates of authorities are on most systems, and where Go looks for them first.
const caBundle = "/etc/ssl/certs/ca-certificates.crt"

// ServiceImage makes sure of the one image of all services of the stack, which holds the tollgate program of that path,
// and returns its reference. The tag is made of the content: what is there already is not built again. A program that
// is linked dynamically takes this machine's loader and libraries along. Say takes a line when it builds; nil: nobody.
func (e *Engine) ServiceImage(ctx context.Context, binary string, say func(string)) (string, error) {
	image, err := stackImage(binary, e.Arch())
	if err != nil {
		return "", err
	}
	ref, err := image.stackRef()
	if err != nil {
		return "", fmt.Errorf("engine: image of the stack: %w", err)
	}
	missing, err := e.Missing(ctx, []string{ref})
	if err != nil || len(missing) == 0 {
		return ref, err
	}
	begin := time.Now()
	if err := e.Scratch(ctx, ref, image); err != nil {
		return "", err
	}
	onebyone(say)(fmt.Sprintf("built %s, the image of the services, in %v", ref, time.Since(begin).Round(100*time.Millisecond)))
	return ref, nil
}

// stackRef is the reference of an image of the stack: its tag is the beginning of its id.
func (s Scratch) stackRef() (string, error) {
	id, err := s.ID()
	if err != nil {
		return "", err
	}
	return stackRepo + ":" + id[:12], nil
}

// stackImage describes the image of the stack that runs a program on an architecture.
func stackImage(binary, goarch string) (Scratch, error) {
	refuse := func(err error) error {
		return fmt.Errorf("engine: %s cannot run in containers of %s: %w; build one that does (CGO_ENABLED=0 GOOS=linux GOARCH=%s go build -o bin/tollgate ./cmd/tollgate) "+
			"and name it in TOLLGATE_STACK_BINARY", binary, goarch, err, goarch)
	}
	if err := runnable(binary, goarch); err != nil {
		return Scratch{}, refuse(err)
	}
	linked, err := libraries("/", binary)
	if err != nil {
		return Scratch{}, refuse(fmt.Errorf("it is linked dynamically, and %w", err))
	}
	return Scratch{
		Arch:       goarch,
		Entries:    slices.Concat([]Entry{{Path: "/tollgate", Mode: 0o755, From: binary}}, linked, basis(stackUser, "/data")),
		Entrypoint: []string{"/tollgate"},
		User:       fmt.Sprintf("%d:%d", stackUser, stackUser),
		Dir:        "/data",
		Labels:     map[string]string{LabelImage: stackName},
	}, nil
}

// basis is what every image has besides its programs: a place for temporary files, the certificates that this machine
// trusts, a user (0 for root alone), and directories that belong to that user.
func basis(user int, dirs ...string) []Entry {
	passwd := "root:x:0:0:root:/:/sbin/nologin\n"
	group := "root:x:0:\n"
	if user != 0 {
		passwd += fmt.Sprintf("tollgate:x:%d:%d:tollgate:/:/sbin/nologin\n", user, user)
		group += fmt.Sprintf("tollgate:x:%d:\n", user)
	}
	entries := []Entry{
		{Path: "/tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777},
		{Path: "/etc/passwd", Mode: 0o644, Text: []byte(passwd)},
		{Path: "/etc/group", Mode: 0o644, Text: []byte(group)},
	}
	for _, dir := range dirs {
		entries = append(entries, Entry{Path: dir, Mode: fs.ModeDir | 0o755, Owner: user})
	}
	if _, err := os.Stat(caBundle); err == nil {
		entries = append(entries, Entry{Path: caBundle, Mode: 0o644, From: caBundle})
	}
	return entries
}

// Prune removes the images of the stack that no container uses, but for the one that ServiceImage makes of binary. It
// returns the references removed, and those left alone since a container uses them.
func (e *Engine) Prune(ctx context.Context, binary string) (removed, used []string, err error) {
	keep := ""
	if image, err := stackImage(binary, e.Arch()); err == nil { // else there is none to keep
		if keep, err = image.stackRef(); err != nil {
			return nil, nil, fmt.Errorf("engine: image of the stack: %w", err)
		}
	}
	return e.prune(ctx, stackRepo, stackName, keep)
}

// prune removes the images of a repository that carry our label with that value and that no container uses, but for keep.
func (e *Engine) prune(ctx context.Context, repo, name, keep string) (removed, used []string, err error) {
	list, err := e.Client.ImageList(ctx, client.ImageListOptions{Filters: make(client.Filters).Add("label", LabelImage+"="+name)})
	if err != nil {
		return nil, nil, explain(err)
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
