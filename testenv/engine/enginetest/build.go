package enginetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/role"
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

// program builds Tollgate once for the tests of a package, so that it runs in an image from scratch.
var program = sync.OnceValues(func() (path string, err error) {
	if programDir, err = os.MkdirTemp("", "tollgate-test-"); err != nil {
		return "", err
	}
	path = filepath.Join(programDir, "tollgate")
	return path, Build(path, Tollgate)
})

// programDir is where it is; "" if no test needed it.
var programDir string

// Program is the path of a Tollgate that was built for the tests of this package. The package's TestMain calls Run.
func Program(t testing.TB) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Run runs the tests and removes what Program has built; it returns the exit code.
func Run(m *testing.M) int {
	code := m.Run()
	if programDir != "" {
		_ = os.RemoveAll(programDir)
	}
	return code
}

// Guarded runs the guard if this process was started as the guard of a session, and then reports true: TestMain must return.
func Guarded() bool {
	if len(os.Args) != 3 || os.Args[1] != "serve" || os.Args[2] != role.Guard {
		return false
	}
	if err := engine.Guard(os.Getenv(engine.EnvGuardSession), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}
