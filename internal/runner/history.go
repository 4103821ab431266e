package runner

import (
	"context"
	"fmt"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/backtest/replay"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// judgeLong judges the alerts that look back farther than the series of the run, with synthetic history before them. The history is made
// of the clean windows, which are over only now, so that the run's own Prometheus could not have had it. What cannot be judged is a
// warning: the rest of the run stands.
func (r *run) judgeLong(ctx context.Context) error {
	length := r.History()
	if length == 0 || ctx.Err() != nil {
		return nil
	}
	r.Progress.Begin("history", 0, "alerts that look back farther than the run are judged with "+alerts.Written(length)+" before it")
	judged, err := replay.Judge(ctx, r.dir.Dir(), length)
	if err != nil {
		r.Progress.End("not judged")
		return r.dir.Update(func(m *result.Run) {
			m.Warnings = append(m.Warnings,
				fmt.Sprintf("alerts that look back farther than the run are judged on what it recorded, without history: %v", err))
		})
	}
	for _, e := range judged.Events {
		if err := r.dir.Alert(e); err != nil {
			return err
		}
	}
	r.Progress.End(fmt.Sprintf("alerts judged: %d", len(judged.History.Alerts)))
	return r.dir.Update(func(m *result.Run) {
		m.History = &judged.History
		m.Warnings = append(m.Warnings, judged.Notes...)
	})
}
