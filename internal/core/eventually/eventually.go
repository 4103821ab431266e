// Package eventually waits in tests for a condition that another process or goroutine makes true.
package eventually

import (
	"errors"
	"testing"
	"time"
)

// Limit is how long a condition may take to become true. It is far longer than needed on a busy machine, so when a test reaches
// it, the condition would never have become true.
const Limit = 40 * time.Second

// interval is the time between two checks of a condition.
const interval = 20 * time.Millisecond

// Nil waits until condition returns nil. If it does not within Limit, the test ends with the condition's last error.
func Nil(t testing.TB, condition func() error) {
	t.Helper()
	for deadline := time.Now().Add(Limit); ; time.Sleep(interval) {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %v", Limit, err)
		}
	}
}

// True waits until condition is true. What names the condition in the message of a test that has waited in vain.
func True(t testing.TB, what string, condition func() bool) {
	t.Helper()
	Nil(t, func() error {
		if !condition() {
			return errors.New(what)
		}
		return nil
	})
}
