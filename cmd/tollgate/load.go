package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/runner"
)

// foresee says where the load of an experiment comes from, and what can be expected of the rates that it orders. It reads a file
// of recorded sessions to its end, so that its mistakes are reported before anything starts.
func foresee(e *experiment.Experiment, o optionNames) (runner.Load, error) {
	j := e.Journeys
	if j.Script != "" { // turns are a Poisson process, at their full rate from the first moment on
		load := runner.Load{Journeys: "the script " + filepath.Base(j.Script)}
		if e.Toll.Launches > 0 {
			f := journey.ForecastTurns(e.Seed, tollLoad(e))
			load.Forecast = &f
		}
		return load, nil
	}
	people := journey.People{Seed: e.Seed, Users: j.Users, Items: j.Items}
	load := runner.Load{Journeys: fmt.Sprintf("population of %d users and %d items", j.Users, j.Items)}
	var source *journey.Source
	if j.File == "" {
		source = journey.FromPopulation(people)
	} else {
		file, err := journey.ReadFile(j.File, journey.Reading{Columns: j.Columns, Names: journey.Options{Columns: o.columns + "%s"}})
		if err != nil {
			return runner.Load{}, err
		}
		source = journey.FromFile(file, journey.Replay{Name: filepath.Base(j.File), GapLimit: j.GapLimit, Speed: j.Speed}, people)
		load.Journeys = source.Description
	}
	if e.Toll.Launches > 0 {
		f := source.Foresee(tollLoad(e), o.toll(e))
		load.Forecast = &f
	}
	if len(e.Faults) > 0 {
		if f := source.Foresee(catchLoad(e), o.catch()); f.Short() {
			load.Warnings = append(load.Warnings, "the rate of the catch will not be made: "+f.Remedy)
		}
	}
	return load, nil
}

// warningsOf are those that a run begins with.
func warningsOf(l runner.Load) []string {
	if l.Forecast == nil || l.Forecast.Remedy == "" {
		return l.Warnings
	}
	toll := "the rate of the toll will be far from the order: "
	if l.Forecast.Misses() {
		toll = "the rate of the toll will not be made, and the run be invalid: "
	}
	return append([]string{toll + l.Forecast.Remedy}, l.Warnings...)
}

// tollLoad is what a launch orders of an arm for the toll.
func tollLoad(e *experiment.Experiment) journey.Demand {
	return journey.Demand{
		Rate: e.Toll.Rate, Warmup: e.Toll.Warmup, Length: time.Duration(e.Toll.Rounds) * e.Toll.Slot, Launches: e.Toll.Launches, Scale: 1,
	}
}

// catchLoad is what the passes of all faults order of an arm, when every confirmation comes at once.
func catchLoad(e *experiment.Experiment) journey.Demand {
	about, _ := e.CatchTime(e.PlannedPasses(nil))
	return journey.Demand{Rate: e.Catch.Rate, Warmup: e.Catch.Settle, Length: about - e.Catch.Settle, Launches: 1, Scale: 1}
}

// optionNames are the options by which the user orders the load: flags, or keys of the experiment file, up to the value.
type optionNames struct{ gapLimit, speed, rounds, seed, columns string }

// optionsAsWritten are the names for a user who gave the journeys by a flag, or nothing but flags; else those of the file's keys.
func optionsAsWritten(given func(flag string) bool, file bool) optionNames {
	if file && !given("journeys") {
		return optionNames{"journeys.gap_limit: ", "journeys.speed: ", "toll.rounds: ", "seed: ", "journeys.columns: "}
	}
	return optionNames{"--gap-limit ", "--speed ", "--rounds ", "--seed ", "--columns "}
}

// toll are the options that the load of the toll depends on.
func (n optionNames) toll(e *experiment.Experiment) journey.Options {
	return journey.Options{
		GapLimit: n.gapLimit + "%s", Speed: n.speed + "%s", Warmup: "toll.warmup: %s in an experiment file", Seed: n.seed + "%s",
		Longer: func(times int) string { return fmt.Sprintf("%s%d", n.rounds, times*e.Toll.Rounds) },
	}
}

// catch are the options that the load of the catch depends on.
func (n optionNames) catch() journey.Options {
	return journey.Options{GapLimit: n.gapLimit + "%s", Speed: n.speed + "%s", Warmup: "catch.settle: %s in an experiment file"}
}
