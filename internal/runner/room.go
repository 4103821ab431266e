package runner

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// What a run writes, generously, in bytes. A run writes logs and reports; in the toll, histograms; in the catch, for every request
// of every arm its spans and logs, about 10 kB at the level full, and the series of every arm's Prometheus.
const (
	roomReports = 64 << 20
	roomArm     = 16 << 20
	roomSlot    = 32 << 10
	roomProfile = 512 << 10 // of a service, taken in a minute
	roomRequest = 20 << 10
	roomBlock   = 600 << 20 // for a moment, after the catch: Prometheus takes 512 MiB for a block before it knows its length
)

// leastRoom is what must stay free while a run is on: more than a run writes between two looks, and its reports.
const leastRoom = 24 << 20

// reservedRoom is held back in the run directory, for the reports of a run whose disk was filled by somebody else.
const reservedRoom = 8 << 20

// roomInterval is how often a run looks at the room that is left.
const roomInterval = time.Second

// roomNeeded is how many bytes the run may write into its directory, where its temporary files are too.
func (r *run) roomNeeded() int64 {
	toll, catch := int64(len(r.TollArms())), int64(len(r.CatchArms()))
	slots := toll * int64(r.MostLaunches()*r.Toll.Rounds+r.Capacity.Launches*r.Capacity.Rounds)
	loaded, _ := r.CatchTime(len(r.Passes(r.faults)))
	launches := r.CatchLaunches()
	requests := int64(0) // a level takes load in its own launches alone
	for _, levels := range launches {
		requests += int64(float64(len(levels)) * r.MostRate() * loaded.Seconds() / float64(len(launches)))
	}
	needed := int64(roomReports)
	if len(r.faults) > 0 {
		needed += roomBlock
	}
	if r.Toll.CPUProfile > 0 {
		needed += int64(len(r.Levels)*len(role.Services())*r.MostLaunches()) * roomProfile
	}
	return needed + max(toll, catch)*roomArm + slots*roomSlot + requests*roomRequest
}

// roomDir is the directory of the run, or the one that will hold it.
func (r *run) roomDir() string { return files.Parent(absolute(r.Out)) }

// checkRoom refuses a run that its disk has no room for, where the room is known.
func (r *run) checkRoom() error {
	dir, needed := r.roomDir(), r.roomNeeded()
	if free, known := files.Free(dir); known && free < needed {
		return fmt.Errorf("the run needs about %d MB in %s, and %d MB are free: free some, or name a directory on another disk (--out)",
			needed/1e6, dir, free/1e6)
	}
	return nil
}

// watchRoom ends a run in order, by stop, while there is still room for its reports.
func (r *run) watchRoom(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(roomInterval)
	defer tick.Stop()
	for {
		dir := r.roomDir()
		if free, known := files.Free(dir); known && free < leastRoom {
			stop(files.Full(dir, free))
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// reserve takes reservedRoom from the disk until the file is closed. The file has no name, so that nothing is left of it,
// however the run ends.
func reserve(path string) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	_ = os.Remove(path)
	if _, err := f.Write(make([]byte, reservedRoom)); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
