// Package scenarios holds the k6 scripts and the experiment files that ship with tollgate. `tollgate run` executes one of the
// scripts; the others are there to be run by hand, and to start one's own from. Package wrapper has the script that `tollgate run`
// executes where the load is a script of the user's own.
package scenarios

import "embed"

// Scripts holds the scripts by file name.
//
//go:embed *.js
var Scripts embed.FS

// File names in Scripts.
const (
	Measure  = "measure.js"  // carries out the orders of `tollgate run`
	Journeys = "journeys.js" // journeys of a population, paced by k6
)
