package journey

import (
	"testing"
	"time"
)

// Two arms whose slots are at different times, or at other rates in between, have the same arrivals.
func TestArrivals(t *testing.T) {
	count := func(a *Arrivals, until time.Duration) (n int) {
		for a.next < until {
			if due := a.Pop(); a.next < due {
				t.Fatalf("%s follows %s", a.next, due)
			}
			n++
		}
		return n
	}
	var next [2]time.Duration
	for i := range next {
		a := NewArrivals(1, 2)
		a.SetRate(200, 0)
		slow := count(a, 50*time.Second)
		a.SetRate(400, 50*time.Second)
		a.SetRate(400, 50*time.Second) // no change
		fast := count(a, 100*time.Second)
		if slow < 9_500 || slow > 10_500 || fast < 19_200 || fast > 20_800 { // five standard deviations and more
			t.Errorf("%d arrivals at 200/s and %d at 400/s, in 50 s each", slow, fast)
		}
		next[i] = a.next
	}
	if next[0] != next[1] {
		t.Errorf("next arrivals at %s and %s", next[0], next[1])
	}
	other := NewArrivals(1, 3)
	other.SetRate(200, 0)
	if count(other, 100*time.Second); other.next == next[0] {
		t.Error("launches are alike")
	}
}
