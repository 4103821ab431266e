package runner

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

func sweeping(t *testing.T, fault, vary string) *run {
	t.Helper()
	e, err := experiment.Profile("smoke")
	if err != nil {
		t.Fatal(err)
	}
	e.Faults, e.Sweep.Vary = []string{fault}, vary
	if err := e.Only([]string{"catch"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	return &run{Experiment: e, Options: Options{Env: proxyless{}, Progress: &told{}}}
}

// TestSweepIsRecorded: run.json has the sweep, and the fault once, with texts that speak of all sizes.
func TestSweepIsRecorded(t *testing.T) {
	r := sweeping(t, "profile-attribute-missing", "share=0.01..0.5")
	r.Alerts.Expect = map[string][]string{"profile-attribute-missing": {"InputDrift"}}
	meta, err := r.prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s := meta.Sweep; s == nil || s.Fault != "profile-attribute-missing" || s.Param != "share" || len(s.Sizes) != 6 || s.Repeats != 3 {
		t.Fatalf("%+v", meta.Sweep)
	}
	if len(meta.Faults) != 1 {
		t.Fatalf("%d faults, want the swept one", len(meta.Faults))
	}
	f := meta.Faults[0]
	if f.Passes != 18 || f.Params["share"] != "1 % to 50 %" || !strings.Contains(f.Title, "for 1 % to 50 % of the users") || strings.Join(f.Expect, " ") != "InputDrift" {
		t.Errorf("%+v", f)
	}
	for _, p := range r.Passes(r.faults) { // each pass has its own value, in what it injects and in what it writes
		if got := entry(p.Fault, "").Params["share"]; p.Fault.Values.Number("share") != p.Size || got == f.Params["share"] {
			t.Errorf("a pass of size %g has the share %s", p.Size, got)
		}
	}
}

// TestSweepOfWhatCannotBeInjected: a sweep of a fault that the environment skips is refused, since nothing would be left of it.
func TestSweepOfWhatCannotBeInjected(t *testing.T) {
	r := sweeping(t, "dependency-slow", "latency=10ms..1s")
	if _, err := r.prepare(t.Context()); err == nil || !strings.Contains(err.Error(), "dependency-slow cannot be swept in the environment proxyless: there is no proxy") {
		t.Errorf("error %v", err)
	}
}

// TestRateOfThePass: another rate than before is a change, which has to settle, and the orders have it from then on.
func TestRateOfThePass(t *testing.T) {
	r := sweeping(t, "consumer-lag", "catch.rate=20..80")
	c := &catch{run: r, rate: r.Catch.Rate}
	for _, step := range []struct {
		rate    float64
		changed bool
	}{{80, false}, {20, true}, {20, false}, {80, true}} {
		if got := c.setRate(step.rate); got != step.changed || c.rateNow() != step.rate {
			t.Errorf("to %g: changed %v, now %g", step.rate, got, c.rateNow())
		}
	}
	f, err := faults.Lookup("consumer-lag")
	if err != nil {
		t.Fatal(err)
	}
	p := &pass{catch: c, fault: f, size: 20, params: map[string]string{"catch.rate": "20 requests/s"}}
	if got := p.title(); !strings.HasSuffix(got, ", catch.rate 20 requests/s") {
		t.Errorf("title %q", got)
	}
	if p.size = 0; p.title() != f.Title {
		t.Errorf("title %q of a pass that is not swept", p.title())
	}
}
