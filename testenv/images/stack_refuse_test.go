package images

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStackImageRefuses(t *testing.T) {
	dir := write(t, map[string][]byte{"script": []byte("#!/bin/sh\necho hello, this is no ELF file at all\n"), "empty": nil})
	for _, c := range []struct{ file, arch, want string }{
		{filepath.Join(dir, "script"), "amd64", "no Linux program"},
		{filepath.Join(dir, "empty"), "amd64", "no Linux program"},
		{filepath.Join(dir, "nowhere"), "amd64", "no such file"},
		{os.Args[0], "s390x", "it is a program for "},
	} {
		_, err := stackImage(c.file, c.arch)
		if err == nil {
			t.Fatalf("%s was taken for %s", c.file, c.arch)
		}
		for _, want := range []string{c.want, "CGO_ENABLED=0 GOOS=linux GOARCH=" + c.arch, "TOLLGATE_STACK_BINARY"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in: %v", want, err)
			}
		}
	}
}
