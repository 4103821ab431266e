package enginetest

import (
	"fmt"
	"os"
	"os/exec"

	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// Build builds a program of this module, named by its import path, as a static program for an image.
func Build(path, program string) error {
	cmd := exec.Command("go", "build", "-o", path, program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// Programs that tests build.
const (
	Tollgate = "github.com/tollgate-dev/tollgate/cmd/tollgate"
	Shop     = "github.com/tollgate-dev/tollgate/examples/shop"
)

// Guarded runs the guard if this process was started as the guard of a session, and then reports true: TestMain must return.
func Guarded() bool {
	if len(os.Args) != 3 || os.Args[1] != "serve" || os.Args[2] != engine.GuardRole {
		return false
	}
	if err := engine.Guard(os.Getenv(engine.EnvGuardSession), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}
