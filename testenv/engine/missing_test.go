package engine

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

func TestLacking(t *testing.T) {
	if err := lacking([]string{"a:1"}, []string{""}); err != nil {
		t.Errorf("nothing is missing: %v", err)
	}
	redis := "mirror.example.com/hub/" + Choice{}.Ref("redis")
	kafka := Choice{}.Ref("kafka")
	text := lacking([]string{redis, "there:1", kafka}, []string{"no registry answers at mirror.example.com", "", "nobody has it"}).Error()
	for _, want := range []string{
		"2 images are missing", redis + ": no registry answers at mirror.example.com", kafka + ": nobody has it",
		"docker pull " + redis, "docker pull " + kafka, "--registry mirror.example.com/hub", "containers.registry",
		"tollgate images load DIR", "or tollgate images build redis", "leave the registry out",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "there:1") || strings.Contains(text, "build redis kafka") {
		t.Errorf("an image that is there, or one that cannot be built, is in:\n%s", text)
	}
	// Where nothing can be built, nobody is told to.
	if text := lacking([]string{kafka}, []string{"x"}).Error(); strings.Contains(text, "images build") || strings.Contains(text, "leave the registry") || !strings.Contains(text, "1 image is missing") {
		t.Error(text)
	}
	// No way out of a full disk but to make room.
	if text := lacking([]string{kafka}, []string{diskFullReason}).Error(); !strings.Contains(text, "docker system prune") || strings.Contains(text, "three ways") {
		t.Error(text)
	}
}
