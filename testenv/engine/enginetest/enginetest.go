// Package enginetest opens the container engine for tests. If there is none, they skip with the reason, or fail if
// TOLLGATE_REQUIRE_DOCKER=1.
package enginetest

import (
	"context"
	"os"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

// EnvRequire makes a missing engine a failure.
const EnvRequire = "TOLLGATE_REQUIRE_DOCKER"

// Open connects to the engine for the length of a test.
func Open(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context())
	if err != nil {
		Missing(t, err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// Session begins a session that ends with the test. The test's TestMain must call Guarded.
func Session(t *testing.T) *engine.Session {
	t.Helper()
	s, err := Open(t).NewSession(t.Context(), os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Images skips the test, as Missing does, if the engine lacks one of the standard images of these names.
func Images(t *testing.T, e *engine.Engine, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := e.Client.ImageInspect(t.Context(), (images.Choice{}).Ref(name)); err != nil {
			Missing(t, err)
		}
	}
}

// Missing skips the test, or fails it where everything must be there.
func Missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv(EnvRequire) == "1" {
		t.Fatalf("%s=1: %v", EnvRequire, err)
	}
	t.Skip(err)
}
