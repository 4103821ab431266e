package experiment

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

const waiver = "{waive: missed, fault: model-drift, level: off, reason: needs metrics, expires: 2999-01-31}"

// Waivers stand in the experiment or in a file of their own, and a printed experiment has them.
func TestWaivers(t *testing.T) {
	dir := t.TempDir()
	list, file := filepath.Join(dir, "waivers.yaml"), filepath.Join(dir, "e.yaml")
	for name, text := range map[string]string{list: "- " + waiver + "\n", file: "waivers: " + list} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inline, err := parse("e.yaml", []byte("waivers: ["+waiver+"]"))
	if err != nil {
		t.Fatal(err)
	}
	named, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := named.Text()
	if err != nil {
		t.Fatal(err)
	}
	printed, err := parse("printed.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := result.Waiver{Waive: result.WaiveMissed, Fault: "model-drift", Level: "off", Reason: "needs metrics", Expires: "2999-01-31"}
	for name, e := range map[string]*Experiment{"inline": inline, "file": named, "printed": printed} {
		if len(e.Waivers) != 1 || e.Waivers[0] != want {
			t.Errorf("%s: %+v", name, e.Waivers)
		}
		if err := e.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreadableWaivers(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "waivers.yaml")
	if err := os.WriteFile(bad, []byte("waive: missed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, says string }{
		{"waivers: [{waive: missed, fault: consumer-lag, until: 2027-01-31}]", `unknown key "until"`},
		{"waivers: nowhere.yaml", "nowhere.yaml"},
		{"waivers: " + bad, bad},
		{"waivers: {waive: missed}", "waivers"},
	} {
		if _, err := parse("e.yaml", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.text, err, c.says)
		}
	}
}

// A budget on the catch does not extend the toll.
func TestCatchBudgetsExtendNoToll(t *testing.T) {
	e := Experiment{Toll: Toll{Launches: 3, Most: 6}, Budgets: []string{"all detected"}}
	if got := e.MostLaunches(); got != 3 {
		t.Errorf("%d launches, want 3", got)
	}
	if e.Budgets = append(e.Budgets, "cpu <= +5%"); e.MostLaunches() != 6 {
		t.Errorf("%d launches, want 6", e.MostLaunches())
	}
}

// Faults are gone through as often as catch.repeats says, in an order of their own each time, and what injects nothing is at the
// start, in the middle and at the end.
func TestRepeatedPasses(t *testing.T) {
	e := &Experiment{Seed: 1, Catch: Catch{Repeats: 2}}
	if got := order(e, "none", "a", "b"); got != "none0 a0 b0 none1 a1 b1 none2" {
		t.Errorf("in order: %q", got)
	}
	e.Catch.Shuffle, e.Catch.Repeats = true, 6
	orders := map[string]bool{}
	passes := strings.Fields(order(e, "a", "b", "c"))
	for nth := range 6 {
		round := strings.Join(passes[3*nth:3*nth+3], " ")
		if strings.Count(round, strconv.Itoa(nth)) != 3 {
			t.Errorf("round %d: %q", nth, round)
		}
		orders[strings.ReplaceAll(round, strconv.Itoa(nth), "")] = true
	}
	if len(orders) < 2 {
		t.Errorf("every round has the same order: %v", passes)
	}
}
