package testenv

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/eventually"
)

func TestLeases(t *testing.T) {
	var l leases
	var forced, healed atomic.Int64
	force := func() error { forced.Add(1); return nil }
	heal := func() error { healed.Add(1); return nil }
	for range 3 { // two of them renew
		if err := l.hold("a", time.Minute, force, heal); err != nil {
			t.Fatal(err)
		}
	}
	if forced.Load() != 1 || healed.Load() != 0 {
		t.Errorf("forced %d times, healed %d times", forced.Load(), healed.Load())
	}
	for range 2 { // the second has nothing to do
		if err := l.release("a"); err != nil {
			t.Fatal(err)
		}
	}
	if healed.Load() != 1 {
		t.Errorf("healed %d times", healed.Load())
	}
	if err := l.hold("b", time.Millisecond, force, heal); err != nil {
		t.Fatal(err)
	}
	eventually.Nil(t, func() error {
		if n := healed.Load(); n != 2 {
			return fmt.Errorf("a lease has ended and %d were healed", n)
		}
		return nil
	})
	broken := errors.New("broken halfway")
	if err := l.hold("c", time.Minute, func() error { return broken }, heal); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := l.releaseAll(); err != nil || healed.Load() != 3 {
		t.Errorf("what was forced halfway was not healed: %v", err)
	}
}
