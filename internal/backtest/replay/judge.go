package replay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// history says which alerts were judged on synthetic history, and what it was made of; nil: there is none.
func (r *Recording) history(all result.Rules, arms []*arm) *result.History {
	if r.History == 0 {
		return nil
	}
	h := &result.History{Length: r.History, Alerts: longer(all, 0)}
	for _, a := range arms {
		h.Levels = append(h.Levels, a.made)
	}
	return h
}

// longer are the alerts that look back farther than data reach, by ID, in the order of the rules.
func longer(all result.Rules, data time.Duration) []string {
	by := alerts.LookingBack(all, data)
	var out []string
	for _, id := range all.IDs() {
		if _, long := by[id]; long && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// markJudged marks the events of the alerts that were judged on history.
func markJudged(d *result.Data) {
	rules := result.Rules(d.Run.Alerts)
	for i, e := range d.Alerts {
		d.Alerts[i].History = slices.ContainsFunc(rules.Of(e.Alert, e.Labels), func(of int) bool { return d.Run.History.Judged(rules.ID(of)) })
	}
}

// short names the alerts that look back farther than the series reach, with the history.
func (r *Recording) short(all result.Rules, arms []*arm) []string {
	data, lapse := leastData(arms), r.experiment.Alerts.Lapse
	reach := data + time.Duration(float64(r.History)/lapse)
	names := alerts.Long(all, reach, lapse)
	switch {
	case names == "":
		return nil
	case r.History > 0:
		return []string{fmt.Sprintf("the history of %s and the run of %s are shorter than these alerts look back, so that they cannot be judged as "+
			"written: %s", alerts.Written(r.History), alerts.InRuleTime(data, lapse), names)}
	default:
		return []string{fmt.Sprintf("these alerts look back farther than the run is long (%s in the rules' own time), so that they cannot be judged "+
			"as written: %s; --history puts synthetic history before the run", alerts.InRuleTime(data, lapse), names)}
	}
}

// leastData is for how long the level with the shortest series has been recorded.
func leastData(arms []*arm) time.Duration {
	least := arms[0].data
	for _, a := range arms[1:] {
		least = min(least, a.data)
	}
	return least
}

// Judged is what the alerts of a run did that look back farther than its series reach, with synthetic history before them.
type Judged struct {
	History result.History      // whose Alerts are these
	Events  []result.AlertEvent // of these, marked, by time
	Notes   []string            // what a reader must know of it, and the run does not say
}

// Judge evaluates the rules of a run that has ended its catch, with history before the series.
func Judge(ctx context.Context, dir string, length time.Duration) (*Judged, error) {
	d, err := result.Read(dir)
	if err != nil {
		return nil, err
	}
	r, err := Open(dir, d)
	if err != nil {
		return nil, err
	}
	r.History = length
	rules, err := r.Own()
	if err != nil {
		return nil, err
	}
	of, data, err := r.replay(ctx, rules)
	if err != nil {
		return nil, err
	}
	known := func(note string) bool { return slices.Contains(d.Run.Warnings, note) }
	out := &Judged{History: *of.Data.Run.History, Notes: slices.DeleteFunc(of.Notes, known)}
	all := result.Rules(of.Data.Run.Alerts)
	out.History.Alerts = longer(all, data)
	for _, e := range of.Data.Alerts {
		if slices.ContainsFunc(all.Of(e.Alert, e.Labels), func(i int) bool { return out.History.Judged(all.ID(i)) }) {
			out.Events = append(out.Events, e)
		}
	}
	return out, nil
}
