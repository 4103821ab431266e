package recipe

import (
	"context"
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// redisUser is the id of the user who runs the server in the standard image.
const redisUser = 999

// redis builds Redis from the packages of this machine's Debian, or of a system that descends from it: the server, its
// command line, and the libraries that they need. It unpacks the packages and does not install them, so it needs no root
// and changes nothing on the machine.
func redis() Recipe {
	return Recipe{
		Name: "redis", From: "Debian packages", Tools: []string{"apt-get", "apt-cache", "dpkg", "dpkg-deb"},
		make: func(ctx context.Context, b builder) (build.Image, error) {
			root, err := b.unpackDebian(ctx, "redis-server", "redis-tools")
			if err != nil {
				return build.Image{}, err
			}
			var entries []build.Entry
			for _, program := range []string{"/usr/bin/redis-server", "/usr/bin/redis-cli"} {
				file, ok := build.Resolve(root, program)
				if !ok {
					return build.Image{}, fmt.Errorf("%s is not in the packages", program)
				}
				linked, err := build.Libraries(root, file)
				if err != nil {
					return build.Image{}, fmt.Errorf("%s: %w", program, err)
				}
				entries = merge(entries, append(linked, build.Entry{Path: program, Mode: 0o755, From: file}))
			}
			return build.Image{
				Entries:    merge(entries, build.Base(redisUser, "/data")),
				Entrypoint: []string{"/usr/bin/redis-server"},
				Cmd:        []string{"--protected-mode", "no", "--save", "", "--appendonly", "no"},
				User:       fmt.Sprintf("%d:%d", redisUser, redisUser), Dir: "/data", Ports: []string{"6379"},
			}, nil
		},
	}
}

// merge adds those of more whose paths are not among entries yet.
func merge(entries, more []build.Entry) []build.Entry {
	for _, e := range more {
		if !slices.ContainsFunc(entries, func(there build.Entry) bool { return there.Path == e.Path }) {
			entries = append(entries, e)
		}
	}
	return entries
}
