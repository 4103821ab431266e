package runner

import "time"

// Progress is told what a run is doing. Its methods are called from one goroutine.
type Progress interface {
	// Begin starts a stage of about the given length; why says what takes long, in a clause.
	Begin(stage string, length time.Duration, why string)
	// Advance says how much of the stage's length is behind.
	Advance(done time.Duration)
	// End finishes the stage; result is a clause about what came out, or "".
	End(result string)
	// Tell says between two stages what is known by then, an item each.
	Tell(what string, items []string)
}
