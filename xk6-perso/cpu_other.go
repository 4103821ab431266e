//go:build !unix

package perso

import "time"

// cpuTime is 0 where the CPU time of a process is not known.
func cpuTime() time.Duration { return 0 }
