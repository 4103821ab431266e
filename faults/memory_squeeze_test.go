package faults

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestKilledAgainAndAgain: the service is killed at the injection and then at every interval, as the renewals allow.
func TestKilledAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, err := Lookup("memory-squeeze")
		if err != nil {
			t.Fatal(err)
		}
		s := &site{pulled: map[string]any{}}
		in, err := f.Inject(t.Context(), f.At(s, s, ""))
		if err != nil {
			t.Fatal(err)
		}
		for range 9 { // fifteen seconds
			time.Sleep(Lease/3 + time.Millisecond)
			if err := in.Renew(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := in.Heal(t.Context()); err != nil || len(s.pulled) > 0 || len(s.used) != 4 {
			t.Errorf("%d kills, want 4: %v; in force %v, %v", len(s.used), s.used, s.pulled, err)
		}
	})
}
