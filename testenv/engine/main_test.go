package engine_test

import (
	"os"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
)

// TestMain lets the test binary be the guard that a session starts.
func TestMain(m *testing.M) {
	if enginetest.Guarded() {
		return
	}
	switch {
	case os.Getenv(envVictim) != "":
		victim()
		return
	case os.Getenv(envOpener) != "":
		opener()
		return
	}
	os.Exit(m.Run())
}
