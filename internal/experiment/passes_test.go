package experiment

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
)

func order(e *Experiment, ids ...string) string {
	var all []faults.Fault
	for _, id := range ids {
		all = append(all, faults.Fault{ID: id})
	}
	var out []string
	for _, p := range e.Passes(all) {
		out = append(out, fmt.Sprint(p.Fault.ID, p.Nth))
	}
	return strings.Join(out, " ")
}

func TestPasses(t *testing.T) {
	e := &Experiment{Seed: 1}
	for _, c := range []struct{ listed, want string }{
		{"a none b", "a0 none0 b0"}, // too few for three passes: as they are listed
		{"a b", "a0 b0"},
		{"none", "none0"},
		{"a none b c d", "none0 a0 b0 none1 c0 d0 none2"},
		{"a b c d e", "a0 b0 c0 d0 e0"},
		{"", ""},
	} {
		if got := order(e, strings.Fields(c.listed)...); got != c.want {
			t.Errorf("%q: %q, want %q", c.listed, got, c.want)
		}
	}
	ids := strings.Fields("none a b c d e f g h")
	e.Catch.Shuffle = true
	first := order(e, ids...)
	if order(e, ids...) != first {
		t.Error("the same seed gives another order")
	}
	seen := map[string]bool{}
	for e.Seed = range int64(20) {
		seen[order(e, ids...)] = true
	}
	if len(seen) < 19 {
		t.Errorf("%d orders of 20 seeds", len(seen))
	}
	if !strings.HasPrefix(first, "none0 ") || !strings.HasSuffix(first, " none2") || strings.Count(first, "0") != 9 {
		t.Errorf("shuffled: %q", first)
	}
	if got := order(e, "a", "none", "b"); !strings.HasPrefix(got, "none0 ") {
		t.Errorf("shuffled, few: %q", got)
	}
}

func TestCatchTime(t *testing.T) {
	e := &Experiment{Catch: Catch{Settle: 8 * time.Second, Clean: 3 * time.Second, Hold: 10 * time.Second, Clear: 8 * time.Second,
		QuietLimit: 30 * time.Second, ConfirmLimit: 15 * time.Second}}
	if about, most := e.CatchTime(4); about != 92*time.Second || most != 332*time.Second {
		t.Errorf("about %v, at most %v", about, most)
	}
	if about, most := e.CatchTime(0); about != 0 || most != 0 {
		t.Errorf("no faults: about %v, at most %v", about, most)
	}
}

func TestQuietLimitIsRefused(t *testing.T) {
	for _, limit := range []time.Duration{-time.Second, 2 * time.Hour} {
		e, err := Profile("pr")
		if err != nil {
			t.Fatal(err)
		}
		e.Catch.QuietLimit = limit
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), "catch.quiet_limit must be from 0s to 1h0m0s, got") {
			t.Errorf("%v: %v", limit, err)
		}
	}
}

// A level that is deployed again goes on counting; one that has its first launch begins.
func TestLaunchPasses(t *testing.T) {
	e := &Experiment{Levels: make(Levels, 4), Catch: Catch{AtOnce: 2, Launches: 2, Repeats: 2}}
	for i := range e.Levels {
		e.Levels[i].Name = fmt.Sprint("l", i)
	}
	if got := fmt.Sprint(e.CatchLaunches()); got != "[[l0 l1] [l2 l3] [l0 l1] [l2 l3]]" {
		t.Fatalf("launches %s", got)
	}
	for launch, want := range []string{"a0 b0 a1 b1", "a0 b0 a1 b1", "a2 b2 a3 b3", "a2 b2 a3 b3"} {
		var got []string
		for _, p := range e.LaunchPasses([]faults.Fault{{ID: "a"}, {ID: "b"}}, launch) {
			got = append(got, fmt.Sprint(p.Fault.ID, p.Nth))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("launch %d: %v, want %s", launch, got, want)
		}
	}
}
