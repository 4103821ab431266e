package images_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/redis/go-redis/v9"
	"github.com/ulikunitz/xz"

	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/engine/enginetest"
	"github.com/tollgate-dev/tollgate/testenv/images"
	"github.com/tollgate-dev/tollgate/testenv/images/build"
	"github.com/tollgate-dev/tollgate/testenv/images/recipe"
)

// unload removes images when the test ends.
func unload(t *testing.T, e *engine.Engine, refs ...string) {
	t.Helper()
	t.Cleanup(func() {
		for _, ref := range refs {
			_, _ = e.Client.ImageRemove(context.WithoutCancel(t.Context()), ref, client.ImageRemoveOptions{Force: true}) // it may not be there
		}
	})
}

// note is a small image that does nothing.
func note(e *engine.Engine, text, label string) build.Image {
	return build.Image{
		Arch: e.Arch(), Entries: []build.Entry{{Path: "/note", Mode: 0o644, Text: []byte(text)}}, Entrypoint: []string{"/note"},
		Labels: map[string]string{images.Label: label},
	}
}

func TestLoad(t *testing.T) {
	e := enginetest.Open(t)
	dir := t.TempDir()
	var want []string
	for _, kind := range []string{"tar", "gz", "xz"} {
		ref := "tollgate-test/load-" + kind + ":1"
		want = append(want, ref)
		save(t, filepath.Join(dir, kind+"-archive"), kind, note(e, "loaded as "+kind, "test-load"), ref)
	}
	unload(t, e, want...)
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("# Images"), 0o644); err != nil {
		t.Fatal(err)
	}
	var said []string
	got, err := images.Load(t.Context(), e, dir, func(line string) { said = append(said, line) })
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("loaded %v, %v; want %v", got, err, want)
	}
	if missing, err := images.Missing(t.Context(), e, want); err != nil || missing != nil {
		t.Errorf("missing %v, %v; want none", missing, err)
	}
	if len(said) != len(want) {
		t.Errorf("said %q, want a line per archive", said)
	}
	// One bad archive is named, and the good one is there all the same.
	whole, err := os.ReadFile(filepath.Join(dir, "gz-archive"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "gz-archive"), whole[:len(whole)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	got, err = images.Load(t.Context(), e, dir, nil)
	if err == nil || !strings.Contains(err.Error(), "gz-archive: unexpected EOF") || strings.Contains(err.Error(), "xz-archive") || len(got) != 2 {
		t.Errorf("with a damaged archive: %v, %v; want two images and an error that names it", got, err)
	}
	// A tar file that docker save has not written.
	other := t.TempDir()
	var foreign bytes.Buffer
	w := tar.NewWriter(&foreign)
	err = errors.Join(w.WriteHeader(&tar.Header{Name: "note", Mode: 0o644, Typeflag: tar.TypeReg}), w.Close(),
		os.WriteFile(filepath.Join(other, "other.tar"), foreign.Bytes(), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	if got, err = images.Load(t.Context(), e, other, nil); err == nil || !strings.Contains(err.Error(), "other.tar: no docker save archive") || got != nil {
		t.Errorf("with a foreign tar file: %v, %v", got, err)
	}
}

// save writes an archive of an image.
func save(t *testing.T, path, kind string, s build.Image, ref string) {
	t.Helper()
	var plain bytes.Buffer
	if err := s.Save(&plain, ref); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var w io.WriteCloser = f
	switch kind {
	case "gz":
		w = gzip.NewWriter(f)
	case "xz":
		if w, err = xz.NewWriter(f); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.Write(plain.Bytes())
	if kind != "tar" {
		err = errors.Join(err, w.Close())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestEnsure asks for images of registries that no name server knows.
func TestEnsure(t *testing.T) {
	e := enginetest.Open(t)
	if err := images.Ensure(t.Context(), e, nil, nil); err != nil {
		t.Errorf("nothing wanted: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	there := "tollgate-test/ensure:1"
	unload(t, e, there)
	if err := images.Add(ctx, e, there, note(e, "there", "test-ensure")); err != nil {
		t.Fatal(err)
	}
	missing := images.Choice{Registry: "registry.invalid/hub"}.Ref("redis")
	refs := []string{there, missing, "registry.invalid/none:1", "registry.invalid/none:1"}
	var said []string
	err := images.Ensure(ctx, e, refs, func(line string) { said = append(said, line) })
	if err == nil {
		t.Fatal("images of registry.invalid were had")
	}
	for _, want := range []string{
		"2 images are missing", missing + ": no registry answers at registry.invalid", "registry.invalid/none:1: no registry answers",
		"docker pull " + missing, "--registry", "tollgate images load", "images build redis",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), there) {
		t.Errorf("%s is there, and is in:\n%v", there, err)
	}
	if !slices.Contains(said, "pulling "+missing) {
		t.Errorf("said %q", said)
	}
	if err := images.Ensure(ctx, e, []string{"Not A Reference"}, nil); err == nil || !strings.Contains(err.Error(), "image Not A Reference: ") {
		t.Errorf("what is no reference: %v", err)
	}
	stopped, stop := context.WithCancelCause(ctx)
	interrupted := errors.New("interrupted")
	stop(interrupted)
	if err := images.Ensure(stopped, e, refs, nil); err == nil || strings.Contains(err.Error(), "three ways") {
		t.Errorf("a cancelled pull: %v", err)
	}
}

// envBuild makes TestBuild build everything, which takes minutes.
const envBuild = "TOLLGATE_BUILD_IMAGES"

// ping is ready when Redis answers.
func ping(ctx context.Context, c *engine.Container) error {
	db := redis.NewClient(&redis.Options{Addr: c.Address("6379")})
	defer db.Close()
	return db.Ping(ctx).Err()
}

// TestBuild builds images under names of its own, starts each and waits until it is ready.
func TestBuild(t *testing.T) {
	ready := map[string]struct {
		probe engine.Probe
		port  string
	}{
		"redis":        {ping, "6379"},
		"collector":    {engine.HTTP("13133", "/"), "13133"},
		"prometheus":   {engine.HTTP("9090", "/-/ready"), "9090"},
		"alertmanager": {engine.HTTP("9093", "/-/ready"), "9093"},
		"jaeger":       {engine.HTTP("16686", "/api/services"), "16686"},
	}
	s := enginetest.Session(t)
	network, err := s.Network(t.Context(), "build")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recipe.All() {
		t.Run(r.Name, func(t *testing.T) {
			if only := os.Getenv(envBuild); only != "1" && only != r.Name {
				t.Skipf("%s=1 builds everything, %s=%s this", envBuild, envBuild, r.Name)
			}
			standard := images.Choice{}.Ref(r.Name)
			ref := "tollgate-test/" + standard[strings.LastIndex(standard, "/")+1:]
			unload(t, s.Engine, ref)
			out := t.TempDir()
			refs, err := images.Build(t.Context(), s.Engine, images.Choice{Refs: map[string]string{r.Name: ref}}, []string{r.Name}, out, func(line string) { t.Log(line) })
			if err != nil || !slices.Equal(refs, []string{ref}) {
				t.Fatalf("built %v, %v", refs, err)
			}
			image, err := s.Client.ImageInspect(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			archive, err := os.Stat(filepath.Join(out, r.Name+".tar.gz"))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%.1f MB, archive %.1f MB", float64(image.Size)/1e6, float64(archive.Size())/1e6)
			c, err := s.Start(t.Context(), engine.Spec{
				Name: r.Name, Host: "built-" + r.Name, Image: ref, Network: network, Ports: []string{ready[r.Name].port}, Ready: ready[r.Name].probe,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("ready after %v", c.StartUp)
			if got, err := images.Load(t.Context(), s.Engine, out, nil); err != nil || !slices.Equal(got, []string{ref}) {
				t.Errorf("its archive loads as %v, %v", got, err)
			}
			if err := c.Remove(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
}
