// Package build describes images from scratch, writes them as docker save does, and knows what must be in them for a
// program to run: a user, certificates, the shared libraries of this machine. It needs no container engine.
package build

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"
)

// Image is an image from scratch: one layer of entries, and how to start it. The same Image always
// gives the same bytes. It needs no Dockerfile and no builder: the engine loads it as an archive of docker save.
type Image struct {
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

// Save writes the image, under the reference ref, as an archive of docker save.
func (i Image) Save(w io.Writer, ref string) error {
	config, layer, err := i.config()
	if err != nil {
		return err
	}
	return i.pack(w, ref, config, layer)
}

// ID is the image's id, 64 hexadecimal digits: the SHA-256 of its configuration. It depends on every byte of the layer,
// since the configuration holds the layer's digest.
func (i Image) ID() (string, error) {
	config, _, err := i.config()
	return digest(config), err
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// layerInfo is what the archive says of the layer ahead of it.
type layerInfo struct {
	digest string // SHA-256, hexadecimal
	size   int64
}

// config is the image's configuration, and its layer's digest and size. To find these it packs the layer and throws it away.
func (i Image) config() ([]byte, layerInfo, error) {
	hash, count := sha256.New(), &counter{}
	if err := i.layer(io.MultiWriter(hash, count)); err != nil {
		return nil, layerInfo{}, err
	}
	layer := layerInfo{hex.EncodeToString(hash.Sum(nil)), count.n}
	type object = map[string]any
	ports := object{}
	for _, p := range i.Ports {
		ports[p+"/tcp"] = object{}
	}
	text, err := json.Marshal(object{
		"architecture": i.Arch, "os": "linux",
		"created": time.Unix(0, 0).UTC(), // a fixed time: the time of the build would change the id
		"config": object{
			"Entrypoint": i.Entrypoint, "Cmd": i.Cmd, "User": i.User, "WorkingDir": i.Dir, "Labels": i.Labels, "ExposedPorts": ports,
			"Env": append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, i.Env...),
		},
		"rootfs":  object{"type": "layers", "diff_ids": []string{"sha256:" + layer.digest}},
		"history": []object{{"created": time.Unix(0, 0).UTC(), "created_by": "tollgate"}},
	})
	return text, layer, err
}

// counter counts the bytes that are written to it.
type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

// pack writes the archive: the configuration, the layer, and the manifest that names both.
func (i Image) pack(w io.Writer, ref string, config []byte, layer layerInfo) error {
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
	if err := i.layer(out); err != nil {
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
