package experiment

import "testing"

// TestFaultInAnotherSystem: what is planned for a system of the user's own is the fault as it is there.
func TestFaultInAnotherSystem(t *testing.T) {
	for environment, want := range map[string]int{"process": 2, "containers": 2, "external": 1} {
		e := &Experiment{Environment: environment, Faults: []string{"consumer-stopped"}}
		f, err := e.Fault("consumer-stopped", nil)
		if err != nil || len(f.Levers) != want {
			t.Errorf("%s: levers %v: %v", environment, f.Levers, err)
		}
		asked := 0
		e.PlannedPasses(func(_ string, uses []string) error { asked = len(uses); return nil })
		if asked != want {
			t.Errorf("%s: the environment is asked for %d levers, want %d", environment, asked, want)
		}
	}
}
