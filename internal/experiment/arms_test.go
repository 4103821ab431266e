package experiment

import "testing"

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
