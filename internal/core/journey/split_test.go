package journey

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSplitIdentity: a client that makes itself a new session id uses it from its login on, as somebody who has signed in. It
// changes nothing else, and other clients stay as they are.
func TestSplitIdentity(t *testing.T) {
	play := func(split float64) []string {
		s := NewStream(testCrowd(1), 0, "s", 1)
		s.Drift.Split = split
		s.SetRate(50, 0)
		return perfect(s, 20*time.Second)
	}
	plain, half, all := play(0), play(0.5), play(1)
	renewed := func(lines []string) (n int) {
		for _, line := range lines {
			if strings.Contains(line, "-anew") {
				n++
				if strings.Contains(line, " login ") || strings.Contains(line, " recommend ") && !strings.Contains(line, "SignedIn:true") {
					t.Errorf("under a new session: %s", line)
				}
			}
		}
		return n
	}
	if renewed(plain) != 0 || renewed(all) < len(all)/2 || renewed(half) < renewed(all)/3 || renewed(half) > 2*renewed(all)/3 {
		t.Errorf("%d, %d and %d of %d requests under a new session", renewed(plain), renewed(half), renewed(all), len(all))
	}
	for i, line := range all {
		all[i] = strings.ReplaceAll(line, "-anew", "")
	}
	if !slices.Equal(all, plain) { // the fake stack answers as if the sessions were linked
		t.Error("the journeys are others")
	}
}
