package reports

import (
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// fixtureStories tell profile-attribute-missing: off is told nothing, metrics has alerts, the others have the cause, too, and full a
// trace.
func fixtureStories(m *catch.Matrix) []catch.Story {
	row := m.Faults[1]
	injected := row.Phases[2].Start
	content := row.Felt.Pooled[2]
	s := catch.Story{Fault: row.Fault, Injected: injected, Users: []catch.Moment{
		{Kind: catch.Injected}, {Kind: catch.Noticed, At: seconds(2.3), Felt: &content}, {Kind: catch.Reverting, At: seconds(7.5)},
	}}
	for i, c := range row.Cells {
		l := catch.LevelStory{Level: c.Level, State: c.State, Moments: []catch.Moment{
			{Kind: catch.Affected, At: c.Confirmed.Sub(injected), Text: "512 of 1000 profiles lack age"},
		}}
		if i > 0 {
			fired := c.Spans[0].End.Sub(injected)
			l.Moments = append(l.Moments, catch.Moment{Kind: catch.Waiting, At: fired - time.Second, Rules: 60 * (fired - time.Second), Alert: c.Alert},
				catch.Moment{Kind: catch.Fired, At: fired, Rules: 60 * fired, Alert: c.Alert, Text: "age is missing in … of the profiles"})
		}
		if i > 1 {
			l.Example = &result.Example{
				Fault: row.Fault.ID, Arm: c.Level, Signal: result.InLogs, First: at(injected, 0.7), TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
				Log: &result.LogRecord{Time: at(injected, 0.9), Service: "decision", Severity: "WARN", Body: "default content", SpanID: "00f067aa0ba902b7",
					Attributes: map[string]string{"perso.attribute": "age", "perso.reason": "attribute-missing", "session.id": "[redacted]"}},
			}
			l.Moments = append(l.Moments[:1:1], append([]catch.Moment{{Kind: catch.Named, At: seconds(0.7), Text: c.Evidence}}, l.Moments[1:]...)...)
		}
		if i == 3 {
			l.Example.Trace, l.Example.Left = verdicttest.Trace(at(injected, 0.9)), 2
			for depth, span := range l.Example.Trace {
				l.Waterfall = append(l.Waterfall, catch.Bar{TraceSpan: span, Depth: depth})
			}
			l.Waterfall[2].Status = result.StatusError
		}
		l.Moments = append(l.Moments, catch.Moment{Kind: catch.Over, At: c.Reverted.Sub(injected)})
		s.Levels = append(s.Levels, l)
	}
	return []catch.Story{s}
}
