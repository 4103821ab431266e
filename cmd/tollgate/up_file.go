package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// upState is what `up` writes for `down` while it runs.
type upState struct {
	PID     int    `json:"pid"`
	Gateway string `json:"gateway"` // "" until the stack has started
}

// at is where the stack is, as the end of a phrase.
func (s upState) at() string {
	if s.Gateway == "" {
		return ""
	}
	return " at " + s.Gateway
}

// errNothingUp says that no stack is up, and that none was killed either.
var errNothingUp = errors.New("nothing is up")

// upPath is where the state of the user's stack is, in a directory of the user's own: a user has one stack at a time.
func upPath() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "tollgate")
	return filepath.Join(dir, "up.json"), os.MkdirAll(dir, 0o700)
}

// upFile is the state of the user's stack. As long as `up` lives it holds a record lock (fcntl) on the file, and the kernel says
// which process that is. What the file says proves nothing: after a kill it stays, and its process id may be another's by now.
type upFile struct{ *os.File }

// openUp opens the file of a stack that is up, or was; errNothingUp if there is none.
func openUp(path string) (upFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return upFile{}, errNothingUp
	}
	return upFile{f}, err
}

// claim makes this process the one that is up; it is an error while another one is. The file must be kept open, and opened a
// second time by nobody in this process: the lock ends with the first close.
func claim(path string) (upFile, error) {
	for {
		opened, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return upFile{}, err
		}
		f := upFile{opened}
		switch locked, err := f.lock(); {
		case err != nil:
			return upFile{}, errors.Join(err, f.Close())
		case !locked:
			defer f.Close()
			other, _ := f.read()
			return upFile{}, fmt.Errorf("another stack is up%s (process %d): end it with `tollgate down`", other.at(), other.PID)
		case !f.current(): // its owner has removed it and ended since it was opened
			_ = f.Close()
			continue
		}
		if err := f.write(upState{PID: os.Getpid()}); err != nil {
			f.release()
			return upFile{}, err
		}
		return f, nil
	}
}

// release removes the file. The lock stays until this process ends: `down` waits for that.
func (f upFile) release() { _ = os.Remove(f.Name()) }

// removeStale removes a file that nobody holds; one that another process has taken in the meantime stays.
func (f upFile) removeStale() error {
	locked, err := f.lock()
	if err != nil || !locked || !f.current() {
		return err
	}
	return os.Remove(f.Name())
}

// current reports whether the file is still the one at its path.
func (f upFile) current() bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(mine, there)
}

func (f upFile) write(state upState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(text, 0)
	return err
}

func (f upFile) read() (state upState, err error) {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<16))
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return state, fmt.Errorf("%s is not what `tollgate up` writes: remove it", f.Name())
	}
	return state, nil
}

// lock takes the lock; it reports false if another process has it.
func (f upFile) lock() (bool, error) {
	err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK})
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot lock %s: %w", f.Name(), err)
	}
	return true, nil
}

// holder is the process that has the lock, 0 if none has.
func (f upFile) holder() (pid int, err error) {
	l := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &l); err != nil {
		return 0, fmt.Errorf("cannot ask who has locked %s: %w", f.Name(), err)
	}
	if l.Type == syscall.F_UNLCK {
		return 0, nil
	}
	if l.Pid <= 1 {
		return 0, fmt.Errorf("the process that is up is not to be seen from here (another machine or container has it, in %s): end it there", f.Name())
	}
	return int(l.Pid), nil
}

// errUnsettled says that the holder of the lock has not written the file: it is just about to, or it removes the file.
var errUnsettled = errors.New("another process is at it")

// owner returns a handle on the process that is up, nil if none is. The process had the lock before the handle was made and has it
// after: so the handle is of that process, and not of a later one with its id.
func (f upFile) owner() (*os.Process, upState, error) {
	pid, err := f.holder()
	if err != nil {
		return nil, upState{}, err
	}
	if pid == 0 {
		state, _ := f.read() // only for people
		return nil, state, nil
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return nil, upState{}, err
	}
	again, err := f.holder()
	if err != nil {
		return nil, upState{}, err
	}
	state, err := f.read()
	if err != nil || again != pid || state.PID != pid {
		return nil, state, fmt.Errorf("process %d has %s locked, and the file names process %d: %w", pid, f.Name(), state.PID, errUnsettled)
	}
	return process, state, nil
}

// settleLimit is how long a process may take between the lock and the file.
const settleLimit = 2 * time.Second

// find is owner, once the file and the lock agree.
func (f upFile) find(ctx context.Context) (process *os.Process, state upState, err error) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	poll(ctx, func() bool {
		process, state, err = f.owner()
		return !errors.Is(err, errUnsettled)
	})
	return process, state, err
}

// awaitRelease waits until nobody has the lock: the kernel takes it back when the process has ended.
func (f upFile) awaitRelease(ctx context.Context) (err error) {
	done := poll(ctx, func() bool {
		var pid int
		pid, err = f.holder()
		return err != nil || pid == 0
	})
	if !done {
		return ctx.Err()
	}
	return err
}

// poll asks until the answer is yes, or ctx is over.
func poll(ctx context.Context, ask func() bool) bool {
	for !ask() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
	}
	return true
}
