package images

import (
	"context"

	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// PruneRepo is Prune for the images of another repository and label, so that a test touches nobody else's.
func PruneRepo(ctx context.Context, e *engine.Engine, repo, name, keep string) (removed, used []string, err error) {
	return prune(ctx, e, repo, name, keep)
}
