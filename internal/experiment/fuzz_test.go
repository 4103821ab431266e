package experiment

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/secret"
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
		if e.Journeys.File != "" || e.Journeys.Script != "" || len(e.Alerts.Rules) > 0 || e.External.Compose.File != nil {
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
