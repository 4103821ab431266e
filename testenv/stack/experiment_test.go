package stack

import (
	"fmt"
	"math"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
)

func TestVariantsSplitUsersAsTheRulesSay(t *testing.T) {
	for _, share := range []float64{0, 0.3, 0.5, 0.55, 0.6, 1} {
		rules := flagRules{A: share}
		for _, users := range []struct {
			pattern string
			n       int
		}{{"u%d", 1000}, {"u%d", 10_000}, {"j0-%d", 10_000}} {
			n := 0
			for i := range users.n {
				user := fmt.Sprintf(users.pattern, i)
				variant := rules.variantOf(user, "")
				if variant == "a" {
					n++
				}
				if rules.variantOf(user, "s1") != variant || rules.variantOf("", user) != variant {
					t.Fatalf("%s changes its variant with the session", user)
				}
				if variant == "a" && (flagRules{A: min(1, share+0.1)}).variantOf(user, "") != "a" {
					t.Fatalf("%s is in the smaller share and not in the larger one", user)
				}
			}
			got := float64(n) / float64(users.n)
			t.Logf("%s: %.4f of %d, want %g", users.pattern, got, users.n, share)
			if math.Abs(got-share) > 4*math.Sqrt(0.25/float64(users.n)) {
				t.Errorf("variant a has %.3f of %d users like %s, want %g", got, users.n, users.pattern, share)
			}
		}
	}
}

// TestVariantsAreReassignedAndHealed: the lever changes the shares and says so, and nothing of it is left after the release and
// after the end of the lease.
func TestVariantsAreReassignedAndHealed(t *testing.T) {
	o := observe(t, nil)
	share := func() float64 {
		var counts map[string]int
		o.must("POST", "decision", "/control/count-variants", struct{}{}, &counts)
		return float64(counts["a"]) / float64(counts["a"]+counts["b"])
	}
	evaluated := func(version string) bool {
		for _, s := range o.spans.GetSpans() {
			if attr(s.Attributes, "feature_flag.version") == version {
				return true
			}
		}
		return false
	}
	healthy := share()
	o.recommend("s1", "")
	eventually.True(t, "an evaluation by the planned rules", func() bool { return evaluated("1") })
	for range 2 {
		o.must("PUT", "decision", "/control/assign-variants?lease=1m", flagRules{A: 0.7, Version: "2"}, nil)
	}
	if got := share(); math.Abs(got-0.7) > 0.03 || evaluated("2") {
		t.Errorf("share %.3f, want 0.7", got)
	}
	o.recommend("s1", "")
	eventually.True(t, "an evaluation by other rules", func() bool { return evaluated("2") })
	o.hasLogs("feature_flag.version", "2", 1) // a renewal changes nothing
	o.must("DELETE", "decision", "/control/assign-variants", nil, nil)
	if got := share(); got != healthy {
		t.Errorf("after the release: %.3f, want %.3f", got, healthy)
	}
	o.must("PUT", "decision", "/control/assign-variants?lease=50ms", flagRules{A: 1, Version: "3"}, nil)
	eventually.True(t, "the lease ends", func() bool { return share() == healthy })
	for _, wrong := range []any{flagRules{A: 1.5, Version: "2"}, flagRules{A: 0.5}, map[string]any{"b": 0.5}} {
		if status, _ := o.call("PUT", "decision", "/control/assign-variants?lease=1m", wrong, nil); status != 400 || share() != healthy {
			t.Errorf("%v: status %d, share %.3f", wrong, status, share())
		}
	}
}
