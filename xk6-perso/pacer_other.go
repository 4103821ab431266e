//go:build !linux

package perso

import "time"

// pacer sleeps until points in time, as punctually as the Go runtime's timers are.
type pacer struct{}

func openPacer() (*pacer, error) { return &pacer{}, nil }

// sleep returns at t, or at once if t is past.
func (*pacer) sleep(t time.Time) { time.Sleep(time.Until(t)) }

func (*pacer) close() {}
