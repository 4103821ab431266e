package verdict_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// A system that is not ours may show neither its CPU nor its telemetry: what is not known is left out, not taken for 0.
func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	tests := []struct {
		name     string
		change   func(*result.Slot)
		left     []string // metrics that are left out
		controls []string // likewise
	}{
		{"all is known", func(*result.Slot) {}, nil, nil},
		{"no containers and a pipeline of theirs", func(s *result.Slot) { s.CPU, s.RSS, s.Peak, s.Telemetry = nil, nil, nil, result.Telemetry{} },
			[]string{"cpu", "pipeline-cpu", "idle-cpu", "idle-pipeline-cpu", "rss", "rss-peak", "spans", "log-records", "data-points", "bytes", "series"},
			[]string{"telemetry pipeline", "telemetry arrives", "carry-over"}},
		{"containers and a pipeline of theirs", func(s *result.Slot) {
			delete(s.CPU, "telemetry")
			delete(s.RSS, "telemetry")
			delete(s.Peak, "telemetry")
			s.Telemetry = result.Telemetry{}
		}, []string{"pipeline-cpu", "idle-pipeline-cpu", "spans", "log-records", "data-points", "bytes", "series"}, []string{"telemetry pipeline", "telemetry arrives"}},
		{"a pipeline of ours that nothing was sent to", func(s *result.Slot) { s.Telemetry = result.Telemetry{ActiveSeries: 40} }, nil, nil},
		{"a pipeline of ours alone", func(s *result.Slot) {
			s.CPU, s.RSS = map[string]time.Duration{"telemetry": time.Millisecond}, map[string]int64{"telemetry": 1}
			s.Peak = map[string]int64{"telemetry": 1}
		}, []string{"cpu", "idle-cpu", "rss", "rss-peak"}, []string{"carry-over"}},
		{"runtimes that report nothing", func(s *result.Slot) { s.Runtime = nil }, []string{"gc-cpu", "allocs", "alloc-objects"}, nil},
		{"a peak of one service only", func(s *result.Slot) { s.Peak = map[string]int64{"gateway": 1 << 30} }, []string{"rss-peak"}, nil},
		{"an arm that was not metered at rest", func(s *result.Slot) {
			if s.Phase == slot.Idle && s.Launch == 1 && s.Arm == "logs" {
				s.Phase = slot.Warmup
			}
		}, []string{"idle-cpu", "idle-pipeline-cpu"}, nil},
	}
	all := verdicttest.Data(1)
	everything := analyze(t, all)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := verdicttest.Data(1)
			d.Run.Budgets = []string{"full: cpu <= +50%"}
			for i := range d.Slots {
				tt.change(&d.Slots[i])
			}
			a := analyze(t, d)
			var want, got, controls []string
			for _, m := range everything.Baseline {
				if !slices.Contains(tt.left, m.Metric.ID) {
					want = append(want, m.Metric.ID)
				}
			}
			for _, m := range a.Baseline {
				got = append(got, m.Metric.ID)
			}
			if !slices.Equal(got, want) || len(a.Toll[0].Effects) != len(want) {
				t.Errorf("metrics %v, want %v", got, want)
			}
			for _, c := range everything.Controls {
				if !slices.ContainsFunc(a.Controls, func(o verdict.Control) bool { return o.Name == c.Name }) {
					controls = append(controls, c.Name)
				}
			}
			if !slices.Equal(controls, tt.controls) {
				t.Errorf("controls left out %v, want %v", controls, tt.controls)
			}
			unknown := slices.Contains(tt.left, "cpu")
			if budget := a.Budgets[0]; unknown != (budget.Outcome == verdict.Inconclusive && strings.Contains(budget.Sentence, "could not be read")) {
				t.Errorf("the budget is %s: %s", budget.Outcome, budget.Sentence)
			}
			if unknown != strings.Contains(a.Controls[0].Saw, "cpu not known") || !a.Controls[0].OK {
				t.Errorf("repeated baseline: %+v", a.Controls[0])
			}
		})
	}
}
