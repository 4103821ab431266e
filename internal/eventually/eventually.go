// Package eventually waits in tests for a condition that another process or goroutine makes true.
package eventually

import (
	"errors"
	"testing"
	"time"
)

// Limit is how long a condition may take to hold. It is far more than any takes on a busy machine, so that a test that
// fails has waited for something that does not come.
const Limit = 40 * time.Second

// interval is the time between two looks at a condition.
const interval = 20 * time.Millisecond

// Nil waits until condition returns nil. When it does not within Limit, the test ends with the condition's last error.
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

// True waits until condition holds. What names it in the message of a test that waited in vain.
func True(t testing.TB, what string, condition func() bool) {
	t.Helper()
	Nil(t, func() error {
		if !condition() {
			return errors.New(what)
		}
		return nil
	})
}
