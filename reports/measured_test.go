package reports

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// What a run did not measure has no numbers: it is said in words, or not at all. Of a run that did not end it is said how far it came.
func TestOnlyWhatWasMeasured(t *testing.T) {
	const toll, caught = "2 launches of 40 rounds of 500 ms slots per arm; 160 requests/s", "(catch: 25 per arm)"
	for name, c := range map[string]struct {
		change     func(a *verdict.Analysis)
		wants, nos []string
	}{
		"both":      {func(*verdict.Analysis) {}, []string{"4 levels; 4 faults; " + toll + " " + caught}, []string{"planned:", "no toll"}},
		"toll only": {func(a *verdict.Analysis) { a.Catch, a.Run.Faults = nil, nil }, []string{"4 levels; no faults; " + toll + ";"}, []string{"catch:", "0 faults"}},
		"catch only": {func(a *verdict.Analysis) { a.Toll, a.Baseline, a.Rounds, a.Run.Plan.Launches = nil, nil, nil, 0 },
			[]string{"4 levels; 4 faults; no toll; catch: 25 requests/s per arm;"}, []string{"0 launches", "160 requests", "wash-out"}},
		"killed in its first launch": {func(a *verdict.Analysis) {
			a.Run.Status = result.Running
			for i := range a.Rounds {
				a.Rounds[i].Launches = a.Rounds[i].Launches[:1]
			}
			a.Catch.Faults[3].Cells = []catch.Cell{{State: catch.Unfinished}}
		}, []string{"planned: 4 levels; 4 faults; " + toll, "the toll has rounds of 1 of 2 launches; the catch has the end of 3 of 4 passes"}, nil},
	} {
		a := fixture()
		c.change(a)
		for _, format := range []string{"text", "markdown", "html"} {
			got := strings.Join(strings.Fields(render(t, format, a)), " ")
			for _, want := range c.wants {
				if !strings.Contains(got, want) && (format != "markdown" || strings.Contains(want, "the toll has")) {
					t.Errorf("%s: %s: no %q in\n%.1500s", name, format, want, got)
				}
			}
			for _, no := range c.nos {
				if strings.Contains(got, no) {
					t.Errorf("%s: %s: %q", name, format, no)
				}
			}
		}
	}
}
