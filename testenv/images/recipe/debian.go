package recipe

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// unpackDebian downloads packages and the libraries that they depend on, and unpacks them into a directory, which it
// returns. The version of the first package must begin with the image's tag.
func (b builder) unpackDebian(ctx context.Context, packages ...string) (string, error) {
	arch, err := b.run(ctx, nil, "dpkg", "--print-architecture")
	if err != nil {
		return "", err
	}
	if arch = strings.TrimSpace(arch); arch != b.arch {
		return "", fmt.Errorf("this machine's packages are for %s, and the engine's containers are %s", arch, b.arch)
	}
	tree, err := b.run(ctx, nil, "apt-cache", append([]string{"depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
		"--no-replaces", "--no-enhances"}, packages...)...)
	if err != nil {
		return "", fmt.Errorf("%w (apt-get update fetches the lists of packages)", err)
	}
	wanted := withLibraries(packages, tree)
	if _, err := b.run(ctx, nil, "apt-get", append([]string{"download"}, wanted...)...); err != nil {
		return "", fmt.Errorf("%w (apt-get update fetches the lists of packages)", err)
	}
	first, err := filepath.Glob(filepath.Join(b.dir, packages[0]+"_*.deb"))
	if err != nil || len(first) != 1 {
		return "", fmt.Errorf("package %s was not downloaded", packages[0])
	}
	if err := b.checkVersion(ctx, packages[0], first[0]); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(b.dir, "*.deb"))
	if err != nil {
		return "", err
	}
	root := filepath.Join(b.dir, "root")
	for _, file := range files {
		if _, err := b.run(ctx, nil, "dpkg-deb", "--extract", file, root); err != nil {
			return "", err
		}
	}
	return root, nil
}

// checkVersion refuses a package whose version does not begin with the image's tag.
func (b builder) checkVersion(ctx context.Context, name, file string) error {
	version, err := b.run(ctx, nil, "dpkg-deb", "--field", file, "Version")
	if err != nil {
		return err
	}
	version = strings.TrimSpace(version)
	if _, after, ok := strings.Cut(version, ":"); ok { // 5:7.0.15: the number before the colon is Debian's epoch
		version = after
	}
	if version != b.tag && !strings.HasPrefix(version, b.tag+".") && !strings.HasPrefix(version, b.tag+"-") {
		return fmt.Errorf("this system's package %s is version %s, and the image is to be %s: build it under its own version (--image %s=%s:%s)",
			name, version, b.tag, "redis", "redis", upstream(version))
	}
	return nil
}

// upstream is a Debian version without Debian's own part: 7.0.15-1 is 7.0.15.
func upstream(version string) string {
	version, _, _ = strings.Cut(version, "-")
	return version
}

// withLibraries adds to packages the libraries that they depend on, directly or not. Tree is the answer of apt-cache
// depends: a line per package, then indented lines for what it depends on, each with its alternatives indented further.
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
