package engine

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Scratch is an image from scratch: one layer of entries, and how to start it. The same Scratch is the same image, bit by
// bit. It needs no Dockerfile and no builder: the engine loads it as it loads the archives of docker save.
type Scratch struct {
	Arch       string // as Go names it: amd64, arm64
	Entries    []Entry
	Entrypoint []string
	Cmd        []string
	Env        []string // NAME=value
	User       string   // uid:gid; "" for root
	Dir        string   // working directory; "" for /
	Ports      []string // TCP ports that it listens on
	Labels     map[string]string
}

// Entry is a file or a directory of a Scratch. Directories above it need no entry of their own.
type Entry struct {
	Path  string      // absolute
	Mode  fs.FileMode // permissions and fs.ModeSticky; with fs.ModeDir, a directory
	Owner int         // user and group id
	From  string      // file of this machine that it is copied from
	Text  []byte      // what it contains, where From is empty
}

// Scratch gives the engine an image under the reference ref, in place of the one that had it.
func (e *Engine) Scratch(ctx context.Context, ref string, s Scratch) error {
	config, layer, err := s.config()
	if err != nil {
		return fmt.Errorf("engine: image %s: %w", ref, err)
	}
	r, w := io.Pipe()
	packed := make(chan error, 1)
	go func() { // ends with r, which is closed below
		err := s.pack(w, ref, config, layer)
		packed <- errors.Join(err, w.CloseWithError(err))
	}()
	_, err = e.load(ctx, r)
	_ = r.Close()
	if sent := <-packed; sent != nil && !errors.Is(sent, io.ErrClosedPipe) {
		err = sent
	}
	if err != nil {
		return fmt.Errorf("engine: image %s: %w", ref, err)
	}
	return nil
}

// Save writes the image as an archive like docker save's.
func (s Scratch) Save(w io.Writer, ref string) error {
	config, layer, err := s.config()
	if err == nil {
		err = s.pack(w, ref, config, layer)
	}
	if err != nil {
		return fmt.Errorf("engine: archive of %s: %w", ref, err)
	}
	return nil
}

// ID is the image's id, the SHA-256 of its configuration, which names its layer by digest: 64 hexadecimal digits.
func (s Scratch) ID() (string, error) {
	config, _, err := s.config()
	return digest(config), err
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// layerOf is what has to be known of a layer before it is written.
type layerOf struct {
	digest string // SHA-256, hexadecimal
	size   int64
}

// config is the image's configuration, and its layer's digest and size, for which the layer is written once to nowhere.
func (s Scratch) config() ([]byte, layerOf, error) {
	hash, count := sha256.New(), &counter{}
	if err := s.layer(io.MultiWriter(hash, count)); err != nil {
		return nil, layerOf{}, err
	}
	layer := layerOf{hex.EncodeToString(hash.Sum(nil)), count.n}
	type object = map[string]any
	ports := object{}
	for _, p := range s.Ports {
		ports[p+"/tcp"] = object{}
	}
	text, err := json.Marshal(object{
		"architecture": s.Arch, "os": "linux",
		"created": time.Unix(0, 0).UTC(), // the day that it was built would make it another image every day
		"config": object{
			"Entrypoint": s.Entrypoint, "Cmd": s.Cmd, "User": s.User, "WorkingDir": s.Dir, "Labels": s.Labels, "ExposedPorts": ports,
			"Env": append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, s.Env...),
		},
		"rootfs":  object{"type": "layers", "diff_ids": []string{"sha256:" + layer.digest}},
		"history": []object{{"created": time.Unix(0, 0).UTC(), "created_by": "tollgate"}},
	})
	return text, layer, err
}

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

// pack writes the archive: the configuration, the layer, and the manifest that names both.
func (s Scratch) pack(w io.Writer, ref string, config []byte, layer layerOf) error {
	out := tar.NewWriter(w)
	file := func(name string, text []byte) error {
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		_, err := out.Write(text)
		return err
	}
	configName, layerName := digest(config)+".json", layer.digest+"/layer.tar"
	if err := file(configName, config); err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: layerName, Mode: 0o644, Size: layer.size, Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	if err := s.layer(out); err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": configName, "RepoTags": []string{ref}, "Layers": []string{layerName}}})
	if err != nil {
		return err
	}
	if err := file("manifest.json", manifest); err != nil {
		return err
	}
	return out.Close()
}

// layer writes the entries, in the order of their paths, as a tar archive.
func (s Scratch) layer(w io.Writer) error {
	entries := map[string]Entry{}
	for _, e := range s.Entries {
		e.Path = path.Clean(e.Path)
		if _, twice := entries[e.Path]; twice {
			return fmt.Errorf("%s: two entries", e.Path)
		}
		entries[e.Path] = e
	}
	for _, e := range s.Entries {
		for dir := path.Dir(path.Clean(e.Path)); dir != "/" && dir != "."; dir = path.Dir(dir) {
			if _, there := entries[dir]; !there {
				entries[dir] = Entry{Path: dir, Mode: fs.ModeDir | 0o755}
			}
		}
	}
	out := tar.NewWriter(w)
	for _, p := range slices.Sorted(maps.Keys(entries)) {
		if err := entries[p].write(out); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return out.Close()
}

// write writes one entry of a layer.
func (e Entry) write(out *tar.Writer) error {
	header := &tar.Header{
		Name: strings.TrimPrefix(e.Path, "/"), Mode: int64(e.Mode.Perm()), Uid: e.Owner, Gid: e.Owner, Size: int64(len(e.Text)),
		Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0),
	}
	if e.Mode&fs.ModeSticky != 0 {
		header.Mode |= 0o1000
	}
	if e.Mode.IsDir() {
		header.Name, header.Size, header.Typeflag = header.Name+"/", 0, tar.TypeDir
		return out.WriteHeader(header)
	}
	if e.From == "" {
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		_, err := out.Write(e.Text)
		return err
	}
	f, err := os.Open(e.From)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.CopyN(out, f, header.Size) // exactly what the header says, though the file may be growing
	return err
}
