package recipe

import (
	"context"
	"fmt"
	"slices"

	"github.com/tollgate-dev/tollgate/testenv/images/build"
)

// redisUser is who the standard image runs the server as.
const redisUser = 999

// redis makes Redis of the packages of this Debian, or of what descends from it: the server, its command line and
// the libraries that they need, taken apart without being installed, so that it needs no root and changes nothing.
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

// merge adds the entries whose paths are not there yet.
func merge(entries, more []build.Entry) []build.Entry {
	for _, e := range more {
		if !slices.ContainsFunc(entries, func(there build.Entry) bool { return there.Path == e.Path }) {
			entries = append(entries, e)
		}
	}
	return entries
}
