package faults

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// TestPauseInTurn: renewed as a run does, the processes stand still and go on in turn, and the heal ends it in either state.
func TestPauseInTurn(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // at half seconds of every renewal
	}{
		{"service-pause", "XXX---XXX---"},
		{"service-pause: on=2, off=10", "XX------X---"},
		{"service-pause: off=0", "XXXXXXXXXXXX"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f, err := Lookup(c.text)
			if err != nil {
				t.Fatal(err)
			}
			s := &site{pulled: map[string]any{}}
			in, err := f.Inject(t.Context(), f.At(s, s, ""))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for range len(c.want) {
				if _, still := s.pulled[lever.At("decision", lever.Pause)]; still {
					got += "X"
				} else {
					got += "-"
				}
				time.Sleep(Lease/3 + time.Millisecond)
				if err := in.Renew(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := in.Heal(t.Context()); err != nil || len(s.pulled) > 0 || got != c.want {
				t.Errorf("%s: %s, want %s; in force %v, %v", c.text, got, c.want, s.pulled, err)
			}
		})
	}
}
