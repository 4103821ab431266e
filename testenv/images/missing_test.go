package images

import (
	"strings"
	"testing"
)

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
