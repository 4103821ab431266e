package engine

import (
	"fmt"
	"syscall"
	"time"

	"github.com/tollgate-dev/tollgate/internal/machine"
)

// leastDisk is what the engine's disk must have free: layers of the containers, series, telemetry, logs.
const leastDisk = 1 << 30

// DiskRoom refuses an engine whose disk is nearly full, where that can be seen from here.
func (e *Engine) DiskRoom() error {
	if !e.Direct || e.Info.DockerRootDir == "" {
		return nil
	}
	var at syscall.Statfs_t
	if err := syscall.Statfs(e.Info.DockerRootDir, &at); err != nil {
		return nil // not ours to see
	}
	if free := at.Bavail * uint64(at.Bsize); free < leastDisk {
		return fmt.Errorf("the container engine's disk (%s) is nearly full: %s are free and %s needed: free some (docker system df, docker system prune)",
			e.Info.DockerRootDir, machine.Size(int64(free)), machine.Size(leastDisk))
	}
	return nil
}

// LaunchLimit is how long the containers of a launch may take to be ready.
const LaunchLimit = 4 * time.Minute

// LogLines is how much of a container's log is kept.
const LogLines = 400
