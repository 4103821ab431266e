package experiment

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/scenarios"
)

// FuzzParse holds what is true of any experiment file: an error names it; and an experiment that is accepted is the same after it
// was printed and read again, and still accepted.
func FuzzParse(f *testing.F) {
	for _, name := range scenarios.Profiles() {
		text, err := scenarios.Profile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, seed := range []string{
		"profile: smoke\nlevels: [off, {name: x, title: 'a: b', env: {OTEL_SDK_DISABLED: 'true'}}]\nfaults: all",
		"environment: external\nexternal: {urls: {off: 'http://u:p@h:1'}, compose: {file: [a.yaml, b.yaml]}}", "levels: &a [*a]", "toll: {slot: 1e9h, rate: .inf}",
		"budgets: ['p95 <= +5%']\ntargets: {service-pause: model}\nprices: {currency: €, cpu_hour: 0x1p-2}", "seed: 9007199254740993\n---\nseed: 1",
		"faults: [{id: profile-attribute-missing, attribute: tier}]\nsweep: {vary: share=1%..50%, sizes: 5, repeats: 2}", "faults: [consumer-lag]\nsweep: {vary: catch.hold=4s..40s}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<14 {
			t.Skip("too long to be quick")
		}
		e, err := parse("e.yaml", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "experiment: e.yaml: ") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		if e.Journeys.File != "" || e.Journeys.Script != "" || len(e.Alerts.Rules) > 0 || e.External.Compose.File != nil || e.Sweep.Baseline != "" {
			t.Skip("it would read other files of this machine")
		}
		if e.Validate() != nil {
			return
		}
		printed, err := e.Text()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse("printed.yaml", []byte(printed))
		if err != nil {
			t.Fatalf("%v: what is printed cannot be read:\n%s", err, printed)
		}
		if text, _ := again.Text(); text != printed {
			t.Errorf("it changes when it is printed and read:\n%s\n%s", printed, text)
		}
		if err := again.Validate(); err != nil && !strings.Contains(printed, secret.Hidden) {
			t.Errorf("what is printed is refused: %v", err)
		}
	})
}

// FuzzBaseline holds what is true of any file of detection limits: an error names it; and what is accepted can be judged by, or is
// refused with a reason.
func FuzzBaseline(f *testing.F) {
	for _, seed := range []string{
		"limits: [{fault: consumer-lag, param: bytes, level: off, limit: 2000}]", "limits: [{fault: x, limit: .inf}]", "limits: &a [*a]", "limit: 1",
		"limits:\n  - {fault: consumer-lag, param: bytes, level: full, limit: 1e3}\n  - {fault: none, param: x, level: y, limit: 0x1p-2}",
	} {
		f.Add([]byte(seed))
	}
	plan := &result.Sweep{Fault: "consumer-lag", Param: "bytes", Unit: "B", Falls: true, Sizes: []float64{50000, 5000, 500}, Repeats: 1}
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := parseBaseline("limits.yaml", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "baseline: limits.yaml: ") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		limits, err := b.Of(plan, []string{"off", "full"})
		if (err == nil) != (len(limits) > 0) {
			t.Errorf("%d limits, error %v", len(limits), err)
		}
		for _, l := range limits {
			if !(l.Limit >= 500 && l.Limit <= 50000) {
				t.Errorf("%+v is outside of the sizes", l)
			}
		}
	})
}
