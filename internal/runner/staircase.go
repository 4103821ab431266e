package runner

import "math"

// staircase searches for the highest rate that one arm sustains. It goes over the logarithm of the rate: up after a slot
// that met the SLO, down after one that did not, which settles where both are equally likely.
//
// The step is Taylor and Creelman's (PEST: efficient estimates on probability functions, Journal of the Acoustical Society
// of America 41, 1967): it is halved whenever the direction turns, down to the resolution, and doubled from the third step in
// one direction on, so that a slot that lied costs a few steps and not the search. The first steps double the rate, which
// finds the bracket; no step is larger, so that no slot is offered more than twice what the one before was.
type staircase struct {
	at, step          float64 // of ln rate
	least, most       float64 // bounds of at
	smallest, largest float64 // bounds of step
	up                bool    // the direction of the last step
	run               int     // steps in that direction
}

// searchSpan is how far below its start a search may go, as a factor. At much lower rates a slot has too few requests for a
// p99: one stall would make it a miss at any rate.
const searchSpan = 16

func newStaircase(start, most, resolution float64) *staircase {
	return &staircase{
		at: math.Log(start), step: math.Ln2, least: math.Log(max(1, start/searchSpan)), most: math.Log(most),
		smallest: math.Log1p(resolution), largest: math.Ln2,
	}
}

// rate is the rate of the next slot, in requests per second.
func (s *staircase) rate() float64 { return math.Exp(s.at) }

// observe takes the next step.
func (s *staircase) observe(met bool) {
	switch {
	case s.run > 0 && met != s.up:
		s.step, s.run = max(s.step/2, s.smallest), 0
	case s.run >= 2:
		s.step = min(s.step*2, s.largest)
	}
	s.up = met
	s.run++
	if met {
		s.at = min(s.at+s.step, s.most)
	} else {
		s.at = max(s.at-s.step, s.least)
	}
}
