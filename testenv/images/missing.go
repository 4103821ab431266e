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

// Missing are the references, of those given and in their order, that the engine has no image of.
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

// Ensure pulls what is missing of the references, two at a time. If some cannot be had, the one error names each of them
// with the reason, and the ways out. Say takes a line as a pull begins and one when it has succeeded; nil: nobody.
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

// lacking is the error that names the images which could not be had, with the reasons and the ways out; nil if there are
// none.
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
