package perso

import (
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// briskSlice is the slice, in ns, that the threads of a generator ask the scheduler for. A thread that wakes up takes the place of one with a
// longer slice at once, and does not wait until that one's is over, which takes some milliseconds: so requests leave when they are due, and
// an answer's time is noted when it is there, although what is measured has the same processors. Shares of the processors stay as they
// are. It is the shortest slice that Linux gives; kernels before 6.12 take no notice.
const briskSlice uint64 = 100_000

// beBrisk gives short slices to all threads of the process that have the usual ones. Later threads inherit them. Where a thread cannot have
// them, the generator is as prompt as the scheduler lets it be.
var beBrisk = sync.OnceFunc(func() {
	for range 10 { // a thread may start another one before it is its own turn
		if !setSlices(briskSlice) {
			return
		}
	}
})

// setSlices gives slices of a length to all threads of the process with the usual policy. It is true if one did not have them.
func setSlices(length uint64) (changed bool) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false
	}
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil {
			continue
		}
		attr, err := unix.SchedGetAttr(id, 0)
		if err != nil || attr.Policy != unix.SCHED_NORMAL || attr.Runtime == length {
			continue
		}
		attr.Runtime = length
		changed = unix.SchedSetAttr(id, attr, 0) == nil || changed
	}
	return changed
}
