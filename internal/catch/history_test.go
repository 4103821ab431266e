package catch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// TestSyntheticHistory takes a run whose DefaultContentHigh looks back three days, and in which it fired for
// profile-attribute-missing at metrics. The lapse is 60, so that three days are 72 minutes of the run.
func TestSyntheticHistory(t *testing.T) {
	const fault, level, alert = "profile-attribute-missing", "metrics", "DefaultContentHigh"
	history := func(d *result.Data) {
		d.Run.History = &result.History{
			Length: 30 * 24 * time.Hour, Alerts: []string{alert}, Levels: []result.HistoryLevel{{Level: level, Began: passAt(d, "none")}},
		}
	}
	again := func(d *result.Data) { // judged after the run as it was while it went on, half a second later
		for _, e := range slices.Clone(d.Alerts) {
			if e.Alert == alert {
				e.Time, e.History = e.Time.Add(500*time.Millisecond), true
				d.Alerts = append(d.Alerts, e)
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(d *result.Data, a *result.Alert)
		state  catch.State
		on     []string // synthetic history
		note   string
	}{
		{"no history", func(_ *result.Data, a *result.Alert) { a.Past = 0 }, catch.Detected, nil, ""},
		{"longer than the run, without history", func(*result.Data, *result.Alert) {}, catch.Detected, nil,
			"cannot be judged as written: it looks back 72h, and the run has"},
		{"judged on history", func(d *result.Data, _ *result.Alert) { history(d); again(d) }, catch.Detected, []string{alert},
			"was judged on synthetic history: it looks back 72h"},
		// What the alert did while the run went on does not count any more.
		{"silent on history", func(d *result.Data, _ *result.Alert) { history(d) }, catch.Missed, []string{alert}, "was judged on synthetic history"},
		// An alert whose window is within the series does not rest on what is before them.
		{"history that is not needed", func(d *result.Data, a *result.Alert) { history(d); again(d); a.Past = 10 * time.Second }, catch.Detected, nil, ""},
		{"an offset into the history", func(d *result.Data, a *result.Alert) { history(d); a.Reach = 72 * time.Minute }, catch.Missed, []string{alert}, ""},
		{"an offset beyond the history", func(d *result.Data, a *result.Alert) { history(d); a.Reach = 24 * time.Hour }, catch.CannotFire, nil,
			"needs data that are 24h old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := small()
			d.Run.Lapse, d.Run.Faults[1].Expect = 60, []string{alert}
			rule(d, alert).Past = 72 * time.Minute
			c.change(d, rule(d, alert))
			got := cell(t, analyze(t, d), fault, level)
			if got.State != c.state || !slices.Equal(got.Synthetic, c.on) || !strings.Contains(got.Note, c.note) || c.note == "" && c.on == nil && got.Note != "" {
				t.Errorf("%s, on history %v, note %q; want %s, %v, %q", got.State, got.Synthetic, got.Note, c.state, c.on, c.note)
			}
		})
	}
}
