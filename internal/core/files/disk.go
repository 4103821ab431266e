package files

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// troubles are the errors of a disk, and what they mean. Children report them in their logs, where only the text is left.
var troubles = []struct {
	errno syscall.Errno
	says  string // %s is the directory
}{
	{syscall.ENOSPC, "the disk of %s is full: free some of it, or name a directory on another one"},
	{syscall.EDQUOT, "the disk quota of %s is used up: free some of it, or name a directory on another disk"},
	{syscall.EROFS, "the disk of %s is mounted read-only: name a directory on another one"},
	{syscall.EIO, "the disk of %s gives input/output errors: it may be broken (see the kernel's log), name a directory on another one"},
}

// diskError is an error whose reason is a disk. Its text says only that; the error itself is behind it.
type diskError struct {
	text string
	err  error
}

func (e *diskError) Error() string { return e.text }
func (e *diskError) Unwrap() error { return e.err }

// Explain returns err, or one sentence in its place if the disk of dir is its reason, however many parts of a run it has hit.
func Explain(dir string, err error) error {
	if err == nil {
		return nil
	}
	if known := (*diskError)(nil); errors.As(err, &known) {
		return known
	}
	for _, t := range troubles {
		if errors.Is(err, t.errno) || strings.Contains(err.Error(), t.errno.Error()) && !sound(dir) {
			return &diskError{fmt.Sprintf(t.says, dir), err}
		}
	}
	return err
}

// soundRoom is how many bytes are free on a disk that is not full, with what a run that ended has given back.
const soundRoom = 64 << 20

// sound reports whether a disk is known to have room and to take writes. Then somebody who says that a disk is full, or that he may
// not write, speaks of another one: a container of its own file system, an engine of the place where it keeps images.
func sound(dir string) bool {
	const write = 2 // W_OK; EROFS where the disk is mounted read-only
	free, known := Free(dir)
	return known && free >= soundRoom && syscall.Access(dir, write) == nil
}

// Full is the error of a disk that had free bytes left, too few to go on.
func Full(dir string, free int64) error {
	return &diskError{fmt.Sprintf("the disk of %s is nearly full: %d MB are left, and the rest is for the reports: free some of it", dir, free/1e6), syscall.ENOSPC}
}

// Free is how many bytes this user may still write in dir, which must exist; false where this is not known.
func Free(dir string) (int64, bool) {
	var at syscall.Statfs_t
	if err := syscall.Statfs(dir, &at); err != nil {
		return 0, false
	}
	return int64(at.Bavail) * int64(at.Bsize), true
}
