package stack

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// Work of the question stalls.
const (
	stallWork  = 20 * time.Millisecond  // work to do
	stallLimit = 600 * time.Millisecond // longest answer: several periods of a CPU quota
	stallLeast = 8 * time.Millisecond   // a shorter gap is the scheduler's doing
)

// stallReport is how long a process has worked, and how long it has stood still meanwhile.
type stallReport struct {
	RanMS   float64 `json:"ran_ms"`
	StoodMS float64 `json:"stood_ms"`
}

// stallsEndpoint returns the question of every role that is answered with a stallReport. It does a fixed amount of work and looks at
// the clock all the time, as jHiccup does: gaps are times in which the process did not get the CPU.
func stallsEndpoint() endpoint {
	return endpoint{name: lever.Stalls, act: func(_ context.Context, params json.RawMessage) (any, error) {
		if err := decode(params, &struct{}{}); err != nil {
			return nil, err
		}
		return stalls(), nil
	}}
}

func stalls() stallReport {
	var ran, stood time.Duration
	block := [64]byte{}
	for last := time.Now(); ran < stallWork && ran+stood < stallLimit; {
		for range 20 {
			sum := sha256.Sum256(block[:])
			copy(block[:], sum[:])
		}
		now := time.Now()
		if gap := now.Sub(last); gap >= stallLeast {
			stood += gap
		} else {
			ran += gap
		}
		last = now
	}
	return stallReport{RanMS: float64(ran) / float64(time.Millisecond), StoodMS: float64(stood) / float64(time.Millisecond)}
}

// uptimeEndpoint returns the question of every role how long its process has been there.
func uptimeEndpoint() endpoint {
	began := time.Now()
	return endpoint{name: lever.Uptime, act: func(_ context.Context, params json.RawMessage) (any, error) {
		if err := decode(params, &struct{}{}); err != nil {
			return nil, err
		}
		return map[string]float64{"seconds": time.Since(began).Seconds()}, nil
	}}
}
