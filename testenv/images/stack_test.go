package images_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
)

// labelTest marks the containers of these tests.
const labelTest = "dev.tollgate.test"

// create creates a container that goes with the test.
func create(t *testing.T, e *engine.Engine, config *container.Config) string {
	t.Helper()
	config.Labels = map[string]string{labelTest: t.Name()}
	c, err := e.Client.ContainerCreate(t.Context(), client.ContainerCreateOptions{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := e.Client.ContainerRemove(context.WithoutCancel(t.Context()), c.ID, client.ContainerRemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	return c.ID
}

// runToEnd runs a container and returns what it printed and its exit code.
func runToEnd(t *testing.T, e *engine.Engine, config *container.Config) (string, int64) {
	t.Helper()
	id := create(t, e, config)
	ended := e.Client.ContainerWait(t.Context(), id, client.ContainerWaitOptions{Condition: container.WaitConditionNextExit})
	if _, err := e.Client.ContainerStart(t.Context(), id, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
	var code int64
	select {
	case end := <-ended.Result:
		code = end.StatusCode
	case err := <-ended.Error:
		t.Fatal(err)
	case <-time.After(time.Minute):
		t.Fatal("the container has not ended within a minute")
	}
	log, err := e.Client.ContainerLogs(t.Context(), id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var text bytes.Buffer
	if _, err := stdcopy.StdCopy(&text, &text, log); err != nil {
		t.Fatal(err)
	}
	return text.String(), code
}

// envInside makes TestInside look at the container that it is in.
const envInside = "TOLLGATE_TEST_INSIDE"

// TestInside is what TestStack runs in the container.
func TestInside(t *testing.T) {
	if os.Getenv(envInside) == "" {
		t.Skip("TestStack runs this in a container")
	}
	if os.Getuid() != 65532 || os.Getgid() != 65532 {
		t.Errorf("runs as %d:%d, want 65532:65532", os.Getuid(), os.Getgid())
	}
	for _, dir := range []string{os.TempDir(), "/data", "."} {
		if err := os.WriteFile(filepath.Join(dir, "note"), []byte("x"), 0o600); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat("/tmp"); err != nil || info.Mode()&os.ModeSticky == 0 {
		t.Errorf("/tmp: %v, %v; want the sticky bit", info.Mode(), err)
	}
	if addresses, err := net.DefaultResolver.LookupHost(t.Context(), "localhost"); err != nil || len(addresses) == 0 {
		t.Errorf("localhost: %v, %v", addresses, err)
	}
	if err := os.WriteFile("/tollgate", nil, 0o600); err == nil {
		t.Error("the program can be overwritten from inside")
	}
}

// TestStack builds the image of this very test program, which go test links dynamically where there is a C
// compiler, and runs it.
func TestStack(t *testing.T) {
	e := enginetest.Open(t)
	var said []string
	say := func(line string) { said = append(said, line) }
	ref, err := images.Stack(t.Context(), e, os.Args[0], say)
	if err != nil {
		t.Fatal(err)
	}
	unload(t, e, ref)
	if !strings.HasPrefix(ref, "tollgate/stack:") || len(ref) != len("tollgate/stack:")+12 {
		t.Errorf("reference %s, want tollgate/stack and 12 digits", ref)
	}
	image, err := e.Client.ImageInspect(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if got := image.Config.Labels[images.Label]; got != "stack" {
		t.Errorf("label %q, want stack", got)
	}
	text, code := runToEnd(t, e, &container.Config{
		Image: ref, Cmd: []string{"-test.run=^TestInside$", "-test.v"}, Env: []string{envInside + "=1"},
	})
	if code != 0 || !strings.Contains(text, "--- PASS: TestInside") {
		t.Errorf("exit code %d:\n%s", code, text)
	}
	// What is there is not built again.
	said = nil
	again, err := images.Stack(t.Context(), e, os.Args[0], say)
	if err != nil || again != ref || said != nil {
		t.Errorf("the second time: %s, %v, %q; want %s and no word", again, err, said, ref)
	}
}

func TestPrune(t *testing.T) {
	e := enginetest.Open(t)
	const repo, label = "tollgate-test/prune", "test-prune"
	var refs []string
	for _, tag := range []string{"old", "used", "kept"} {
		ref := repo + ":" + tag
		refs = append(refs, ref)
		unload(t, e, ref)
		if err := images.Add(t.Context(), e, ref, note(e, tag, label)); err != nil {
			t.Fatal(err)
		}
	}
	create(t, e, &container.Config{Image: refs[1]})
	removed, used, err := images.PruneRepo(t.Context(), e, repo, label, refs[2])
	if err != nil || !slices.Equal(removed, refs[:1]) || !slices.Equal(used, refs[1:2]) {
		t.Errorf("removed %v, used %v, %v; want %v and %v", removed, used, err, refs[:1], refs[1:2])
	}
	if missing, err := images.Missing(t.Context(), e, refs); err != nil || !slices.Equal(missing, refs[:1]) {
		t.Errorf("missing %v, %v; want %v", missing, err, refs[:1])
	}
}
