// Package scenarios holds the k6 scripts that ship with tollgate: what `tollgate run` executes, and two to start one's
// own from.
package scenarios

import "embed"

// Scripts holds the scripts by file name.
//
//go:embed *.js
var Scripts embed.FS

// File names in Scripts.
const (
	Measure  = "measure.js"  // carries out the orders of `tollgate run`
	Journeys = "journeys.js" // a population, paced by k6
	Replay   = "replay.js"   // recorded sessions, paced by k6
)
