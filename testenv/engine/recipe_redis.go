package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// redisUser is who the standard image runs the server as.
const redisUser = 999

// redisRecipe makes Redis of the packages of this Debian, or of what descends from it: the server, its command line and
// the libraries that they need, taken apart without being installed, so that it needs no root and changes nothing.
func redisRecipe() Recipe {
	return Recipe{
		Name: "redis", Of: "Debian packages", Tools: []string{"apt-get", "apt-cache", "dpkg", "dpkg-deb"},
		make: func(ctx context.Context, k kitchen) (Scratch, error) {
			root, err := k.unpackDebian(ctx, "redis-server", "redis-tools")
			if err != nil {
				return Scratch{}, err
			}
			var entries []Entry
			for _, program := range []string{"/usr/bin/redis-server", "/usr/bin/redis-cli"} {
				file, ok := resolve(root, program)
				if !ok {
					return Scratch{}, fmt.Errorf("%s is not in the packages", program)
				}
				linked, err := libraries(root, file)
				if err != nil {
					return Scratch{}, fmt.Errorf("%s: %w", program, err)
				}
				entries = merge(entries, append(linked, Entry{Path: program, Mode: 0o755, From: file}))
			}
			return Scratch{
				Entries:    merge(entries, basis(redisUser, "/data")),
				Entrypoint: []string{"/usr/bin/redis-server"},
				Cmd:        []string{"--protected-mode", "no", "--save", "", "--appendonly", "no"},
				User:       fmt.Sprintf("%d:%d", redisUser, redisUser), Dir: "/data", Ports: []string{"6379"},
			}, nil
		},
	}
}

// merge adds the entries whose paths are not there yet.
func merge(entries, more []Entry) []Entry {
	for _, e := range more {
		if !slices.ContainsFunc(entries, func(there Entry) bool { return there.Path == e.Path }) {
			entries = append(entries, e)
		}
	}
	return entries
}

// unpackDebian unpacks packages, and the libraries that they depend on, below a directory, which it returns. The first
// package's version must begin with the image's tag.
func (k kitchen) unpackDebian(ctx context.Context, packages ...string) (string, error) {
	arch, err := k.run(ctx, nil, "dpkg", "--print-architecture")
	if err != nil {
		return "", err
	}
	if arch = strings.TrimSpace(arch); arch != k.arch {
		return "", fmt.Errorf("this machine's packages are for %s, and the engine's containers are %s", arch, k.arch)
	}
	tree, err := k.run(ctx, nil, "apt-cache", append([]string{"depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
		"--no-replaces", "--no-enhances"}, packages...)...)
	if err != nil {
		return "", fmt.Errorf("%w (apt-get update fetches the lists of packages)", err)
	}
	wanted := withLibraries(packages, tree)
	if _, err := k.run(ctx, nil, "apt-get", append([]string{"download"}, wanted...)...); err != nil {
		return "", fmt.Errorf("%w (apt-get update fetches the lists of packages)", err)
	}
	first, err := filepath.Glob(filepath.Join(k.dir, packages[0]+"_*.deb"))
	if err != nil || len(first) != 1 {
		return "", fmt.Errorf("package %s was not downloaded", packages[0])
	}
	if err := k.checkVersion(ctx, packages[0], first[0]); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(k.dir, "*.deb"))
	if err != nil {
		return "", err
	}
	root := filepath.Join(k.dir, "root")
	for _, file := range files {
		if _, err := k.run(ctx, nil, "dpkg-deb", "--extract", file, root); err != nil {
			return "", err
		}
	}
	return root, nil
}

// checkVersion refuses a package of another version than the image's tag says.
func (k kitchen) checkVersion(ctx context.Context, name, file string) error {
	version, err := k.run(ctx, nil, "dpkg-deb", "--field", file, "Version")
	if err != nil {
		return err
	}
	version = strings.TrimSpace(version)
	if _, after, ok := strings.Cut(version, ":"); ok { // before it stands Debian's epoch
		version = after
	}
	if version != k.tag && !strings.HasPrefix(version, k.tag+".") && !strings.HasPrefix(version, k.tag+"-") {
		return fmt.Errorf("this system's package %s is version %s, and the image is to be %s: build it under its own version (--image %s=%s:%s)",
			name, version, k.tag, "redis", "redis", upstream(version))
	}
	return nil
}

// upstream is a Debian version without Debian's own part: 7.0.15-1 is 7.0.15.
func upstream(version string) string {
	version, _, _ = strings.Cut(version, "-")
	return version
}

// withLibraries are packages and the libraries that they depend on, directly or not, read from apt-cache's answer: a
// package per line, below it indented what it depends on, below that further indented alternatives to it.
func withLibraries(packages []string, tree string) []string {
	depends := map[string][]string{}
	name := ""
	for line := range strings.Lines(tree) {
		text := strings.TrimSpace(line)
		kind, on, relation := strings.Cut(text, ": ")
		switch {
		case !strings.HasPrefix(line, " ") && text != "":
			name = text
		case relation && strings.HasSuffix(kind, "Depends") && strings.HasPrefix(on, "lib"):
			depends[name] = append(depends[name], on)
		}
	}
	all := slices.Clone(packages)
	for i := 0; i < len(all); i++ {
		for _, on := range depends[all[i]] {
			if !slices.Contains(all, on) {
				all = append(all, on)
			}
		}
	}
	return all
}
