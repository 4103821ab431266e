// Package scratch makes temporary directories that a kill does not leave behind for good. Their owner holds a lock on each, which
// the kernel takes back however the owner ends, and the next start removes those that nobody holds.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	prefix   = "tollgate-"
	lockFile = ".tollgate-lock" // in a directory; its owner has it locked
)

// Dir is a temporary directory of this process, for this user only. It is held until Remove, or until the process ends.
type Dir struct {
	Path string
	lock *os.File
}

// Make makes a directory in parent, "" for the system's temporary directory. Its name begins with tollgate- and the purpose.
func Make(parent, purpose string) (*Dir, error) {
	path, err := os.MkdirTemp(parent, prefix+purpose+"-")
	if err != nil {
		return nil, fmt.Errorf("scratch: %w", err)
	}
	d := &Dir{Path: path}
	if err := d.hold(); err != nil {
		return nil, fmt.Errorf("scratch: %w", errors.Join(err, os.RemoveAll(path)))
	}
	return d, nil
}

// hold takes the lock before the file has the name by which Sweep knows it. So Sweep never finds a lock that is not taken yet.
func (d *Dir) hold() (err error) {
	name := filepath.Join(d.Path, lockFile)
	if d.lock, err = os.OpenFile(name+".new", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = d.lock.Close()
		}
	}()
	if err := flock(d.lock); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// Remove removes the directory with all that is in it, and gives the lock back. It does nothing for a nil Dir.
func (d *Dir) Remove() error {
	if d == nil {
		return nil
	}
	parent, err := os.OpenRoot(filepath.Dir(d.Path))
	if err != nil {
		return fmt.Errorf("scratch: %w", errors.Join(err, d.lock.Close()))
	}
	if err := errors.Join(remove(parent, filepath.Base(d.Path)), d.lock.Close(), parent.Close()); err != nil {
		return fmt.Errorf("scratch: %w", err)
	}
	return nil
}

// Sweep removes the directories of Make in these parents whose owners are gone, and returns their paths. It leaves alone what it
// does not know: links, directories of other users, and those without a lock. A parent that does not exist has none.
func Sweep(parents ...string) (removed []string, err error) {
	var errs []error
	for _, parent := range parents {
		paths, err := sweep(parent)
		removed = append(removed, paths...)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("scratch: %s: %w", parent, err))
		}
	}
	return removed, errors.Join(errs...)
}

func sweep(parent string) (removed []string, err error) {
	root, err := os.OpenRoot(parent)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), prefix) || !ours(root, entry.Name(), fs.FileMode.IsDir) {
			continue
		}
		gone, err := sweepOne(root, entry.Name())
		if gone {
			removed = append(removed, filepath.Join(parent, entry.Name()))
		}
		errs = append(errs, err)
	}
	return removed, errors.Join(errs...)
}

// sweepOne removes a directory of this user if it has a lock that nobody holds.
func sweepOne(root *os.Root, name string) (gone bool, err error) {
	lock := path.Join(name, lockFile)
	if !ours(root, lock, fs.FileMode.IsRegular) {
		return false, nil
	}
	f, err := root.OpenFile(lock, os.O_RDWR, 0)
	if err != nil {
		return false, ignoreGone(err)
	}
	defer f.Close()
	if err := flock(f); errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if err := remove(root, name); err != nil {
		return false, ignoreGone(err)
	}
	return true, nil
}

// ours reports whether a name in root is this user's own and of a kind. A link is of no kind.
func ours(root *os.Root, name string, kind func(fs.FileMode) bool) bool {
	info, err := root.Lstat(name)
	if err != nil || !kind(info.Mode()) {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

// remove removes a directory, its lock last: what a kill leaves of it can still be swept. The caller holds the lock.
func remove(root *os.Root, name string) error {
	entries, err := fs.ReadDir(root.FS(), name)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		if entry.Name() != lockFile {
			errs = append(errs, root.RemoveAll(path.Join(name, entry.Name())))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return root.RemoveAll(name)
}

// ignoreGone is nil for what another process has removed at the same time.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// flock takes the lock of a file for as long as it is open; EWOULDBLOCK says that another holds it.
func flock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
