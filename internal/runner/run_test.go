package runner

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/testenv"
)

// proxyless is an environment that has everything but a proxy in front of a dependency.
type proxyless struct{ testenv.Environment }

func (proxyless) Name() string                     { return "proxyless" }
func (proxyless) Check(context.Context, int) error { return nil }

func (proxyless) Supports(fault string, _ []string) error {
	if fault == "dependency-slow" {
		return errors.New("there is no proxy")
	}
	return nil
}

// told keeps what a run says that it does.
type told struct{ text strings.Builder }

func (p *told) Begin(stage string, _ time.Duration, why string) {
	p.text.WriteString(stage + ": " + why + "\n")
}
func (p *told) Advance(time.Duration) {}
func (p *told) End(result string)     { p.text.WriteString(result + "\n") }
func (p *told) Tell(what string, items []string) {
	p.text.WriteString(what + ": " + strings.Join(items, "; ") + "\n")
}

// Before the nightly run starts, every fault of the catalogue is either planned or named with the reason why it is skipped.
func TestNightlyNamesTheFaultsThatItSkips(t *testing.T) {
	e, err := experiment.Profile("nightly")
	if err != nil {
		t.Fatal(err)
	}
	var progress told
	r := &run{Experiment: e, Options: Options{Env: proxyless{}, Progress: &progress}}
	meta, err := r.prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[string]string{} // why it is skipped, by fault
	for _, f := range meta.Faults {
		recorded[f.ID] = f.Skipped
	}
	for _, f := range faults.All() {
		reason, ok := recorded[f.ID]
		if !ok {
			t.Errorf("%s is neither planned nor skipped", f.ID)
		}
		want := ""
		if err := r.Env.Supports(f.ID, nil); err != nil {
			want = err.Error()
		}
		if reason != want {
			t.Errorf("%s: skipped for %q, want %q", f.ID, reason, want)
		}
		if says := "fault " + f.ID + ": " + f.Title + "\nskipped: " + want; want != "" && !strings.Contains(progress.text.String(), says) {
			t.Errorf("%s is skipped, and was not named:\n%s", f.ID, progress.text.String())
		}
	}
	if len(r.skipped) == 0 || len(r.faults)+len(r.skipped) != len(faults.All()) {
		t.Errorf("%d planned and %d skipped of %d", len(r.faults), len(r.skipped), len(faults.All()))
	}
	if warnings := r.planWarnings(); len(warnings) > 0 { // its rounds are whole squares of the arms
		t.Errorf("warnings %v", warnings)
	}
}
