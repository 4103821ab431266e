package engine

import (
	"errors"
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	t.Setenv("DOCKER_HOST", "")
	for _, c := range []struct{ says, want string }{
		{"permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: connect: permission denied",
			"no permission to use the container engine at unix:///var/run/docker.sock: add yourself to its group"},
		{"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
			"no container engine answers at unix:///var/run/docker.sock: start Docker"},
		{"Error response from daemon: client version 1.56 is too old. Minimum supported API version is 1.60",
			"the container engine is too old"},
		{"write /var/lib/docker/tmp/x: no space left on device", "the container engine's disk is full: free some"},
		// Not about the engine itself: what it says is enough.
		{"Error response from daemon: Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host", "registry-1.docker.io"},
	} {
		if got := Explain(errors.New(c.says)); !strings.Contains(got.Error(), c.want) || !strings.HasPrefix(got.Error(), "engine: ") {
			t.Errorf("%s\n is explained as %v\n want %s", c.says, got, c.want)
		}
	}
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		version string
		older   bool
	}{{"1.40", true}, {"1.41", false}, {"1.100", false}, {"2.0", false}, {"0.9", true}, {"", true}} {
		if got := older(c.version, MinAPI); got != c.older {
			t.Errorf("%q is older than %s: %t", c.version, MinAPI, got)
		}
	}
}
