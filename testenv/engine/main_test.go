package engine_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// TestMain lets the test binary be the guard that a session starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "serve" && os.Args[2] == engine.GuardRole {
		if err := engine.Guard(os.Getenv(engine.EnvGuardSession), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
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
