package perso

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBrisk: threads have a short slice, those that are there and those that come later. Where the kernel says nothing of slices, nothing is
// known of them.
func TestBrisk(t *testing.T) {
	beBrisk()
	told := false
	for range 8 {
		sees, end := make(chan *unix.SchedAttr), make(chan struct{})
		go func() {
			runtime.LockOSThread() // it ends with the goroutine
			attr, err := unix.SchedGetAttr(0, 0)
			if err != nil {
				t.Error(err)
			}
			sees <- attr
			<-end
		}()
		defer close(end)
		attr := <-sees
		if attr == nil || attr.Policy != unix.SCHED_NORMAL || attr.Runtime == 0 {
			continue
		}
		if told = true; attr.Runtime != briskSlice {
			t.Errorf("a thread has slices of %d ns, want %d", attr.Runtime, briskSlice)
		}
	}
	if told && setSlices(briskSlice) {
		t.Error("a thread had longer slices")
	}
}
