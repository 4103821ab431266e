package engine

import (
	"context"
	"errors"
	"testing"
)

// TestUntilFrozen: a runtime that gives up is asked again, a bounded number of times; any other error is told at once.
func TestUntilFrozen(t *testing.T) {
	gaveUp := errors.New("OCI runtime pause failed: unable to freeze: unknown")
	other := errors.New("No such container")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		fails int
		with  error
		tries int
		want  error
	}{
		{"at once", t.Context(), 0, nil, 1, nil},
		{"at the third try", t.Context(), 2, gaveUp, 3, nil},
		{"never", t.Context(), 1000, gaveUp, pauseTries, gaveUp},
		{"another error", t.Context(), 1000, other, 1, other},
		{"until the context ends", ended, 1000, gaveUp, 1, context.Canceled},
	} {
		tries := 0
		err := untilFrozen(c.ctx, func() error {
			if tries++; tries <= c.fails {
				return c.with
			}
			return nil
		})
		if tries != c.tries || !errors.Is(err, c.want) {
			t.Errorf("%s: %d tries, %v; want %d, %v", c.name, tries, err, c.tries, c.want)
		}
	}
}
