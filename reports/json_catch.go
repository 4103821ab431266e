package reports

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
)

type jsonRepeats struct {
	Fault    string        `json:"fault"`
	Level    string        `json:"level"`
	Detected int           `json:"detected"`             // passes
	Judged   int           `json:"judged"`               // passes that speak for or against the level
	Open     int           `json:"open"`                 // passes that do not
	Share    *jsonInterval `json:"share"`                // detected / judged, exact at 95 %
	Detect   []number      `json:"detect_seconds"`       // of the passes in which it was detected, rising
	Soonest  number        `json:"least_detect_seconds"` // what the rules leave
	Clear    []number      `json:"clear_seconds"`        // rising
}

type jsonCoverage struct {
	Alert  string   `json:"alert"`
	State  string   `json:"state"`  // fired, others (for other faults only) or never
	For    []string `json:"for"`    // faults that should fire it, and during which it fired
	Others []string `json:"others"` // other faults during which it fired
	Silent []string `json:"silent"` // faults that should have fired it, had their effect, and did not
	Why    string   `json:"why"`    // why it cannot fire in this run
}

type jsonWaiver struct {
	Waive   string   `json:"waive"` // missed, undiagnosed, false-alarm or never-fired
	Fault   string   `json:"fault,omitempty"`
	Alert   string   `json:"alert,omitempty"`
	Level   string   `json:"level,omitempty"`
	Reason  string   `json:"reason"`
	Expires string   `json:"expires"` // the last day on which it holds
	Expired bool     `json:"expired"` // before the run began
	Used    []string `json:"used"`    // where it was needed
}

func jsonRepeatsOf(all []catch.Repeats) []jsonRepeats {
	out := []jsonRepeats{}
	for _, r := range all {
		out = append(out, jsonRepeats{Fault: r.Fault, Level: r.Level, Detected: r.Detected, Judged: r.N, Open: r.Open,
			Share: &jsonInterval{number(r.Share.Lo), number(r.Share.Mid), number(r.Share.Hi)}, Detect: eachInSeconds(r.Detect),
			Soonest: inSeconds(r.Soonest), Clear: eachInSeconds(r.Clear)})
	}
	return out
}

func jsonCoverageOf(all []catch.Coverage) []jsonCoverage {
	out := []jsonCoverage{}
	for _, c := range all {
		out = append(out, jsonCoverage{Alert: c.Alert, State: coverageWord(c), For: listed(c.For), Others: listed(c.Other), Silent: listed(silentFor(c)), Why: c.Why})
	}
	return out
}

func jsonWaiversOf(all []catch.Waiver) []jsonWaiver {
	out := []jsonWaiver{}
	for _, w := range all {
		out = append(out, jsonWaiver{Waive: w.Waive, Fault: w.Fault, Alert: w.Alert, Level: w.Level, Reason: w.Reason, Expires: w.Expires,
			Expired: w.Expired, Used: listed(w.Used)})
	}
	return out
}

func eachInSeconds(times []time.Duration) []number {
	out := []number{}
	for _, d := range times {
		out = append(out, inSeconds(d))
	}
	return out
}
