package engine_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// envOpener makes the test binary open the engine and print what comes of it: the client looks for its engine once in a
// process.
const envOpener = "TOLLGATE_TEST_OPEN"

func opener() {
	e, err := engine.Open(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("opened", e.Info.ServerVersion)
}

// open is what Open says of an engine at a socket.
func open(t *testing.T, host string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envOpener+"=1", "DOCKER_HOST="+host)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestOpenNoEngine(t *testing.T) {
	got := open(t, "unix:///nonexistent/docker.sock")
	if !strings.HasPrefix(got, "engine: no container engine answers at unix:///nonexistent/docker.sock: start Docker") {
		t.Error(got)
	}
}

// TestOpenOldEngine talks to an engine that has nothing but an old API.
func TestOpenOldEngine(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("API-Version", "1.39")
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasSuffix(r.URL.Path, "/_ping") {
			fmt.Fprint(w, `{"ServerVersion":"18.09.9","OSType":"linux"}`)
		}
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	defer server.Close()
	got := open(t, "unix://"+socket)
	if !strings.Contains(got, "the container engine is too old") || !strings.Contains(got, "Docker Engine 20.10") {
		t.Error(got)
	}
}
