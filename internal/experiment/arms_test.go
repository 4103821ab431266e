package experiment

import (
	"fmt"
	"testing"
)

// The known delay has no capacity to tell.
func TestCapacityPlan(t *testing.T) {
	e, err := Profile("capacity")
	if err != nil {
		t.Fatal(err)
	}
	arms := e.CapacityArms()
	if len(arms) != len(e.TollArms())-1 || arms[0].Name != "off" || arms[1].Name != RepeatArm || arms[2].Name != "noop" {
		t.Errorf("arms %v", arms)
	}
	if e.Capacity.Launches == 0 {
		t.Error("the profile measures no capacity")
	}
}

func TestCatchLaunches(t *testing.T) {
	e, err := Profile("nightly")
	if err != nil {
		t.Fatal(err)
	}
	e.Levels = e.Levels[:7]
	for atOnce, want := range map[int]string{0: "[7]", 7: "[7]", 9: "[7]", 6: "[3 4]", 4: "[3 4]", 3: "[2 2 3]", 1: "[1 1 1 1 1 1 1]"} {
		e.Catch.AtOnce = atOnce
		var sizes []int
		next := 0
		for _, levels := range e.CatchLaunches() {
			sizes = append(sizes, len(levels))
			for _, l := range levels {
				if e.Levels[next].Name != l {
					t.Errorf("at most %d at once: %s is not next", atOnce, l)
				}
				next++
			}
		}
		if got := fmt.Sprint(sizes); got != want || next != 7 {
			t.Errorf("at most %d at once: %s, want %s", atOnce, got, want)
		}
	}
}
