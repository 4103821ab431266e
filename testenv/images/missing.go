package images

import (
	"context"
	"fmt"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// Missing returns the references for which the engine has no image: each once, in the order of refs.
func Missing(ctx context.Context, e *engine.Engine, refs []string) ([]string, error) {
	var missing []string
	for _, ref := range refs {
		if slices.Contains(missing, ref) {
			continue
		}
		_, err := e.Client.ImageInspect(ctx, ref)
		switch {
		case cerrdefs.IsNotFound(err):
			missing = append(missing, ref)
		case err != nil:
			return nil, fmt.Errorf("image %s: %w", ref, engine.Explain(err))
		}
	}
	return missing, nil
}

// Ensure pulls the images that are missing, two at a time. If it cannot pull some, one error names each of them with the
// reason, and lists the ways out. It calls say, which may be nil, with a line when a pull begins and when it has succeeded.
func Ensure(ctx context.Context, e *engine.Engine, refs []string, say func(string)) error {
	missing, err := Missing(ctx, e, refs)
	if err != nil || len(missing) == 0 {
		return err
	}
	p := puller{engine: e, say: oneByOne(say), silent: map[string]string{}}
	reasons := make([]string, len(missing)) // "" for those that are there now
	var group errgroup.Group
	group.SetLimit(loadsAtOnce)
	for i, ref := range missing {
		group.Go(func() error {
			reasons[i] = p.pull(ctx, ref)
			return nil
		})
	}
	_ = group.Wait() // the errors are in reasons
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return lacking(missing, reasons)
}

// lacking returns the error that names the images which could not be pulled, with the reasons and the ways out. The reason
// for an image that was pulled is ""; if all were, the error is nil.
func lacking(refs, reasons []string) error {
	var list, pulls, builds strings.Builder
	n, full, mirrored := 0, false, false
	for i, ref := range refs {
		if reasons[i] == "" {
			continue
		}
		n++
		full = full || reasons[i] == diskFullReason
		fmt.Fprintf(&list, "\n  %s: %s", ref, reasons[i])
		fmt.Fprintf(&pulls, "\n       docker pull %s", ref)
		if name := buildableName(ref); name != "" {
			builds.WriteString(" " + name)
		}
		mirrored = mirrored || slices.ContainsFunc(All(), func(i Image) bool { return strings.HasSuffix(ref, "/"+i.Ref) })
	}
	switch {
	case n == 0:
		return nil
	case full:
		return fmt.Errorf("engine: %s, and images are missing: free some (docker system df, docker system prune)%s", diskFullReason, &list)
	}
	build := ""
	if builds.Len() > 0 {
		build = ", or tollgate images build" + builds.String()
	}
	if mirrored {
		build += ";\n     archives hold the standard references: leave the registry out then"
	}
	return fmt.Errorf(`engine: %s missing and cannot be pulled:%s
three ways out:
  1. pull where a registry answers:%s
  2. use a registry mirror: --registry mirror.example.com/hub, or containers.registry in the experiment file
  3. bring or make them: tollgate images load DIR (archives of docker save, .gz and .xz included)%s`,
		count(n, "image is", "images are"), &list, &pulls, build)
}

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
