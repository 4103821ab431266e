package testenv

import (
	"fmt"
	"syscall"

	"github.com/tollgate-dev/tollgate/internal/machine"
)

// What one arm and one launch need, as observed and with a margin: 7 processes with 25 to 60 MB each, a dozen descriptors per
// process in this process, and the connections of the broker and store in the backing process.
const (
	memoryPerArm = int64(500) << 20
	memoryShared = int64(300) << 20
	filesPerArm  = 60
	filesShared  = 120
)

// Room compares the needs of a number of arms of our own stack, as processes or as containers, with the available memory and
// the limit on open files. The error says what is too little and what to do.
func Room(arms int) error {
	need := memoryShared + int64(arms)*memoryPerArm
	if free, ok := machine.Available(); ok && free < need {
		return fmt.Errorf("too little memory: %d arms need about %s and %s are available: run fewer levels (--levels) or free some",
			arms, machine.Size(need), machine.Size(free))
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil // a system that does not tell has no limit to reach
	}
	if files := uint64(filesShared + arms*filesPerArm); limit.Cur < files {
		return fmt.Errorf("too few file descriptors: %d arms need about %d and the limit is %d: raise it with ulimit -n %d, or run fewer levels (--levels)",
			arms, files, limit.Cur, files)
	}
	return nil
}
