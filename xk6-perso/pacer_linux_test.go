package perso

import (
	"testing"
	"time"
)

// A core that is lost while the clocks are paired makes no sleep early: neither between the readings nor after them.
func TestPairClocks(t *testing.T) {
	const tick = time.Microsecond
	for lost := range 24 { // the reading after which the core is lost
		start := time.Now()
		var elapsed time.Duration
		reading := 0
		read := func() time.Duration {
			at := elapsed
			elapsed += tick
			if reading == lost {
				elapsed += time.Millisecond
			}
			reading++
			return at
		}
		zero, kernel, err := pairClocks(
			func() time.Time { return start.Add(read()) },
			func() (int64, error) { return int64(read()), nil })
		if err != nil {
			t.Fatal(err)
		}
		if late := time.Duration(kernel) - zero.Sub(start); late < 0 || late > tick {
			t.Errorf("core lost after reading %d: sleeps are %s late, want 0 to %s", lost, late, tick)
		}
	}
}
