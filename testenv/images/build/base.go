package build

import (
	"fmt"
	"io/fs"
	"os"
)

// caBundle is where most systems keep the certificates of authorities, and where Go looks for them first.
const caBundle = "/etc/ssl/certs/ca-certificates.crt"

// Base returns the entries that every image needs besides its programs: a directory for temporary files, the certificates
// that this machine trusts, a user with that id (0: there is only root), and directories that belong to that user.
func Base(user int, dirs ...string) []Entry {
	// #nosec G101 -- a file of users, without a password
	passwd := "root:x:0:0:root:/:/sbin/nologin\n"
	group := "root:x:0:\n"
	if user != 0 {
		passwd += fmt.Sprintf("tollgate:x:%d:%d:tollgate:/:/sbin/nologin\n", user, user)
		group += fmt.Sprintf("tollgate:x:%d:\n", user)
	}
	entries := []Entry{
		{Path: "/tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777},
		{Path: "/etc/passwd", Mode: 0o644, Text: []byte(passwd)},
		{Path: "/etc/group", Mode: 0o644, Text: []byte(group)},
	}
	for _, dir := range dirs {
		entries = append(entries, Entry{Path: dir, Mode: fs.ModeDir | 0o755, Owner: user})
	}
	if _, err := os.Stat(caBundle); err == nil {
		entries = append(entries, Entry{Path: caBundle, Mode: 0o644, From: caBundle})
	}
	return entries
}
