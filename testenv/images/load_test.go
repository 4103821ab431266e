package images

import (
	"slices"
	"strings"
	"testing"
)

func TestLoadedRefs(t *testing.T) {
	refs, err := loadedRefs(strings.NewReader(`{"status":"Loading layer","progressDetail":{"current":1},"id":"x"}
{"stream":"Loaded image: redis:7.0\n"}
{"stream":"Loaded image ID: sha256:abc\n"}`))
	if want := []string{"redis:7.0", "sha256:abc"}; err != nil || !slices.Equal(refs, want) {
		t.Errorf("got %v, %v; want %v", refs, err, want)
	}
	for _, c := range []struct{ answer, want string }{
		{`{"stream":"Loaded image: a:1\n"}{"errorDetail":{"message":"bad layer"},"error":"bad layer"}`, "bad layer"},
		{`{"errorDetail":{"message":"open /tmp/x/repositories: no such file or directory"}}`, "no docker save archive"},
		{`{"errorDetail":{"message":"write /x: no space left on device"}}`, "disk is full"},
		{`{"status":"nothing"}`, "no image"},
		{`<html>`, "answer"},
	} {
		if _, err := loadedRefs(strings.NewReader(c.answer)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.answer, err, c.want)
		}
	}
}
