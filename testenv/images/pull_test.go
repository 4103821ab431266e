package images

import (
	"errors"
	"strings"
	"testing"
)

func TestPullReason(t *testing.T) {
	const hub = "docker.io"
	for _, c := range []struct {
		says, want string
		silent     bool
	}{
		{`Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host`, "no registry answers at docker.io", true},
		{`Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`, "no registry answers at docker.io", true},
		{`Get "https://10.1.1.1/v2/": x509: cannot validate certificate for 10.1.1.1`, "the engine does not trust the certificate of docker.io", true},
		{`Get "https://m/v2/": http: server gave HTTP response to HTTPS client`, "docker.io speaks plain HTTP: name it among the engine's insecure-registries", true},
		{`toomanyrequests: You have reached your pull rate limit.`, "docker.io allows no more pulls for now: log in (docker login), or wait", true},
		{`manifest for redis:9.9 not found: manifest unknown`, "docker.io has no such image", false},
		{`pull access denied for x/y, repository does not exist or may require 'docker login': denied`,
			"docker.io refuses it: there is no such repository, or it wants a login (docker login)", false},
		{`failed to register layer: write /usr/x: no space left on device`, diskFullReason, false},
		{"something new\nand more", "something new", false},
	} {
		if got, silent := pullReason(hub, errors.New(c.says)); got != c.want || silent != c.silent {
			t.Errorf("%s:\n got %q, silent %v\nwant %q, silent %v", c.says, got, silent, c.want, c.silent)
		}
	}
	if got, silent := pullReason(hub, errStalledPull); !strings.Contains(got, "no progress") || !silent {
		t.Errorf("a stalled pull: %q, silent %v", got, silent)
	}
}
