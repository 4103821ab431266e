package main

import (
	"os"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/faults"
)

// TestCataloguePage: the page of the catalogue is what the code says; with -update it is written anew.
func TestCataloguePage(t *testing.T) {
	const page = "../../docs/faults/README.md"
	want := cataloguePage()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != want {
		t.Errorf("%s is older than the code (%v): run go test ./cmd/tollgate -run Catalogue -update", page, err)
	}
	for _, f := range faults.All() {
		if !strings.Contains(want, "\n### "+f.ID+"\n") {
			t.Errorf("%s is not in the page: is its group one of %v?", f.ID, faults.Groups())
		}
	}
}

// TestAlertsPage: the page of the alerts is what the rule file says, and every alert says what it is and what to do.
func TestAlertsPage(t *testing.T) {
	const page = "../../docs/alerts.md"
	want, err := alertsPage()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != want {
		t.Errorf("%s is older than the rules (%v): run go test ./cmd/tollgate -run AlertsPage -update", page, err)
	}
}

// TestFaultsAreInjectedSomewhere: every fault can be injected in some environment.
func TestFaultsAreInjectedSomewhere(t *testing.T) {
	for _, f := range faults.All() {
		if len(environmentsOf(f.Levers...)) == 0 {
			t.Errorf("no environment has all of %v, which %s pulls", f.Levers, f.ID)
		}
	}
}
