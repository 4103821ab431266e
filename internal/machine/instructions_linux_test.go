package machine

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What the kernel answers is explained, and nothing that it may answer passes for a counter.
func TestInstructionsRefused(t *testing.T) {
	for _, c := range []struct {
		err  error
		says string
	}{
		{unix.ENOENT, "virtual machines"},
		{unix.EACCES, "perf_event_paranoid is"},
		{unix.EPERM, "containers often forbid"},
		{unix.ENOSYS, "no performance events"},
		{unix.EINVAL, "perf_event_open: invalid argument"},
	} {
		if err := refused(c.err); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want %q", c.err, err, c.says)
		}
	}
	if err := Instructions(); errors.Is(err, unix.EBADF) {
		t.Errorf("the counter was not closed: %v", err)
	}
}
