package perso

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// pacer sleeps until points in time. On Linux it holds an operating-system thread and sleeps in the kernel, since a Go
// timer of an idle process is late by about a millisecond. Use it on one goroutine, and close it there.
type pacer struct {
	zero time.Time // a wall-clock time with its monotonic reading, and
	mono int64     // the kernel's clock at that time, ns
}

// openPacer takes the thread.
func openPacer() (*pacer, error) {
	runtime.LockOSThread()
	// The kernel may delay a thread's timers by its slack, 50 µs by default, to wake up less often.
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("perso: pacer: timer slack: %w", err)
	}
	zero, mono, err := pairClocks(time.Now, monotonic)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("perso: pacer: clock: %w", err)
	}
	return &pacer{zero: zero, mono: mono}, nil
}

// monotonic is the kernel's clock, ns.
func monotonic() (int64, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0, err
	}
	return ts.Nano(), nil
}

// pairClocks reads two clocks as nearly at once as it can. A thread may lose its core between the two readings, by which every
// sleep would be off: the nearest of some pairs counts, and what is left makes sleeps late, never early.
func pairClocks(now func() time.Time, mono func() (int64, error)) (zero time.Time, kernel int64, err error) {
	const pairs = 8
	var apart time.Duration
	for i := range pairs {
		before := now()
		k, err := mono()
		if err != nil {
			return time.Time{}, 0, err
		}
		if d := now().Sub(before); i == 0 || d < apart {
			zero, kernel, apart = before, k, d
		}
	}
	return zero, kernel, nil
}

// sleep returns at t, or at once if t is past.
func (p *pacer) sleep(t time.Time) {
	if time.Until(t) <= 0 {
		return
	}
	ts := unix.NsecToTimespec(p.mono + int64(t.Sub(p.zero)))
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil) == unix.EINTR {
		continue // a signal, as the Go runtime sends them to preempt
	}
}

// close gives the thread back as it was.
func (p *pacer) close() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // 0 restores the default; it cannot fail where setting it did not
	runtime.UnlockOSThread()
}
