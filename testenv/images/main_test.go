package images_test

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
	os.Exit(m.Run())
}
