// Package files reads files up to a limit, writes files whole or not at all, and says in one sentence when a disk is the reason
// that something failed.
package files

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Text is the most bytes that a file may have which a person writes: an experiment, rules, a script's options.
const Text = 8 << 20

// Read returns the contents of the file at path. It refuses what has more than limit bytes, before it is in memory: a pipe and a
// device, too, which have no size to ask for.
func Read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory, and not a file", path)
	} else if err == nil && info.Mode().IsRegular() && info.Size() > limit {
		return nil, tooLong(path, limit)
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, tooLong(path, limit)
	}
	return text, nil
}

func tooLong(path string, limit int64) error {
	return fmt.Errorf("%s has more than %d MiB, which is the most that such a file may have", path, limit>>20)
}

// ReadRegular is Read for a file that is read more than once: it refuses what is gone when it has been read, such as a pipe, and
// reads nothing from a file whose size is 0.
func ReadRegular(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if kind := kindOf(info.Mode()); kind != "" {
		return nil, fmt.Errorf("%s is %s, and this file is read more than once: write its contents to a file first", path, kind)
	}
	if info.Mode().IsRegular() && info.Size() == 0 { // some that seem empty, below /proc, make their reader wait
		return nil, nil
	}
	return Read(path, limit)
}

// kindOf names what is neither a regular file nor a directory.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular(), mode.IsDir():
		return ""
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeDevice != 0:
		return "a device"
	default:
		return "no regular file"
	}
}

// Write writes a file as a whole, for this user only: it holds the old text or the new one, never a part, and after an error nothing
// else is left. A link in its place is replaced and not followed, so that nothing outside of the directory is written, whoever made
// the directory.
func Write(path string, text []byte) error {
	return renameio.WriteFile(path, text, 0o600, renameio.WithTempDir(filepath.Dir(path)))
}

// New makes a file for appending, for this user only, which must not be there: no link in its place is followed.
func New(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// Parent is the nearest directory that exists of a path that may not: where a file at the path would take room.
func Parent(path string) string {
	for {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
		up := filepath.Dir(path)
		if up == path {
			return path
		}
		path = up
	}
}

// OpenRegular opens a file that is read more than once, as ReadRegular reads it: the directory, the pipe and the device in its place are
// refused before anything waits for them.
func OpenRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory, and not a file", path)
	}
	if kind := kindOf(info.Mode()); kind != "" {
		return nil, fmt.Errorf("%s is %s, and this file is read more than once: write its contents to a file first", path, kind)
	}
	return os.Open(path)
}
