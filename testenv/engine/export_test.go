package engine

import "context"

// PruneRepo is Prune for the images of another repository and label, so that a test touches nobody else's.
func (e *Engine) PruneRepo(ctx context.Context, repo, name, keep string) (removed, used []string, err error) {
	return e.prune(ctx, repo, name, keep)
}
