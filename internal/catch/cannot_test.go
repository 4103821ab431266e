package catch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// rule is an alert of the run's rules, to be changed.
func rule(d *result.Data, name string) *result.Alert {
	i := slices.IndexFunc(d.Run.Alerts, func(a result.Alert) bool { return a.Name == name })
	return &d.Run.Alerts[i]
}

// TestCannotFire takes what an alert needs beyond what the run has, and looks at the cell of a fault that was missed. The pass
// holds a fault for 15 s, and its effect is gone at 30 s into the pass.
func TestCannotFire(t *testing.T) {
	const fault, level = "profile-attribute-missing", "off"
	for _, c := range []struct {
		name   string
		change func(d *result.Data, a *result.Alert) // of each expected alert
		state  catch.State
		note   string
	}{
		{"nothing", func(*result.Data, *result.Alert) {}, catch.Missed, ""},
		{"for as long as the hold", func(_ *result.Data, a *result.Alert) { a.RunFor, a.LeastDetect = 15*time.Second, 15*time.Second }, catch.Missed, ""},
		{"for longer than the hold", func(_ *result.Data, a *result.Alert) {
			a.For, a.RunFor, a.LeastDetect = 20*time.Minute, 20*time.Second, 20*time.Second
		}, catch.CannotFire, "needs the fault for 20s (for: 20s, 20m as written) and the fault is held for 15s: set catch.hold to 30s or more"},
		{"evaluations make it longer", func(_ *result.Data, a *result.Alert) {
			a.For, a.RunFor, a.LeastDetect, a.Interval = 12*time.Minute, 12*time.Second, 20*time.Second, 10*time.Second
		}, catch.CannotFire, "(for: 12s, 12m as written; evaluated every 10s)"},
		{"for and a window to fill", func(_ *result.Data, a *result.Alert) {
			a.For, a.RunFor, a.LeastDetect, a.Fill = 10*time.Minute, 10*time.Second, 10*time.Second, 6*time.Second
		}, catch.CannotFire, "needs the fault for 16s (for: 10s, 10m as written; window: 6s to fill)"},
		{"a hold that is not known", func(d *result.Data, a *result.Alert) { d.Run.Plan.Hold, a.LeastDetect = 0, time.Hour }, catch.Missed, ""},
		{"an offset into the time before the run", func(_ *result.Data, a *result.Alert) { a.Reach = 24 * time.Minute }, catch.CannotFire,
			"needs data that are 24m old (offset)"},
		{"an offset that the run is just too short for", func(d *result.Data, a *result.Alert) {
			// The pass before takes 42 s, the launch 1.4 s.
			a.Reach, a.LeastDetect = 42*time.Second+30*time.Second, 3*time.Second
		}, catch.CannotFire, "needs data that are 1m12s old (offset) for 3s"},
		{"an offset within the run", func(_ *result.Data, a *result.Alert) { a.Reach, a.LeastDetect = 42*time.Second, 0 }, catch.Missed, ""},
		{"a point in time", func(_ *result.Data, a *result.Alert) { a.Reach = result.Unreachable }, catch.CannotFire, "a point in time (@)"},
		{"a metric that no level has", func(_ *result.Data, a *result.Alert) { a.Absent = []string{"kafka_lag", `up{job="x"}`} },
			catch.CannotFire, `no level has kafka_lag, up{job="x"}`},
		{"never true", func(_ *result.Data, a *result.Alert) { a.Constant = result.NeverTrue }, catch.CannotFire, "never true"},
		{"a dead man's switch", func(_ *result.Data, a *result.Alert) { a.Constant = result.AlwaysTrue }, catch.CannotFire, "dead man's switch"},
		{"one of two can", func(_ *result.Data, a *result.Alert) {
			if a.Name == "DefaultContentHigh" {
				a.Absent = []string{"lost"}
			}
		}, catch.Missed, "DefaultContentHigh cannot fire here: no level has lost"},
		{"not among the rules", func(d *result.Data, _ *result.Alert) { d.Run.Faults[1].Expect = []string{"Nobody"} }, catch.CannotFire,
			"Nobody cannot fire here: the rules have no alert of that name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := small()
			d.Run.Plan.Hold = 15 * time.Second
			for _, name := range d.Run.Faults[1].Expect {
				c.change(d, rule(d, name))
			}
			got := cell(t, analyze(t, d), fault, level)
			if got.State != c.state || !strings.Contains(got.Note, c.note) || c.note == "" && got.Note != "" {
				t.Errorf("%s, note %q; want %s with %q", got.State, got.Note, c.state, c.note)
			}
			if (len(got.Cannot) > 0) != strings.Contains(got.Note, "cannot fire") {
				t.Errorf("cannot %q, note %q", got.Cannot, got.Note)
			}
		})
	}
}

// TestAnAlertThatFiredCould: what fired is a detection, whatever the rule seemed to need, and under-powered counts only alerts
// that can fire.
func TestAnAlertThatFiredCould(t *testing.T) {
	d := small()
	d.Run.Plan.Hold = 15 * time.Second
	rule(d, "DefaultContentHigh").Absent = []string{"lost"}
	if c := cell(t, analyze(t, d), "profile-attribute-missing", "metrics"); c.State != catch.Detected || len(c.Cannot) > 0 {
		t.Errorf("%+v", c)
	}
	rule(d, "InputDrift").Absent = []string{"lost"}
	if c := cell(t, analyze(t, d), "model-drift", "logs"); c.State != catch.UnderPowered || len(c.Cannot) != 1 {
		t.Errorf("%s, cannot %q", c.State, c.Cannot)
	}
	rule(d, "ClickThroughLow").Absent = []string{"lost"}
	if c := cell(t, analyze(t, d), "model-drift", "logs"); c.State != catch.CannotFire || len(c.Cannot) != 2 {
		t.Errorf("%s, cannot %q", c.State, c.Cannot)
	}
}

// TestSeverities: two rules of one name are told apart by their labels, and an expectation can name one of them.
func TestSeverities(t *testing.T) {
	const fault, level = "consumer-lag", "off"
	two := func() *result.Data {
		d := small()
		lag := rule(d, "ConsumerLagHigh")
		lag.Labels, lag.LeastDetect = map[string]string{"severity": "page"}, 3*time.Second
		other := *lag
		other.Labels, other.LeastDetect = map[string]string{"severity": "ticket"}, time.Second
		d.Run.Alerts = append(d.Run.Alerts, other)
		for i, e := range d.Alerts {
			if e.Alert != "ConsumerLagHigh" {
				continue
			}
			d.Alerts[i].Labels = map[string]string{"severity": "page", "topic": "events"}
			e.Labels, e.Time = map[string]string{"severity": "ticket", "topic": "events"}, e.Time.Add(-time.Second)
			d.Alerts = append(d.Alerts, e)
		}
		return d
	}
	d := two()
	c := cell(t, analyze(t, d), fault, level)
	if c.Alert != `ConsumerLagHigh{severity="ticket"}` || c.LeastDetect != time.Second || !slices.Equal(c.Also, []string{`ConsumerLagHigh{severity="page"}`}) {
		t.Errorf("%+v", c)
	}
	first := c.Detect
	d = two()
	d.Run.Faults[3].Expect = []string{`ConsumerLagHigh{severity="page"}`}
	c = cell(t, analyze(t, d), fault, level)
	if c.Alert != `ConsumerLagHigh{severity="page"}` || c.Detect != first+time.Second || c.LeastDetect != 3*time.Second ||
		!slices.Equal(c.False, []string{`ConsumerLagHigh{severity="ticket"}`}) {
		t.Errorf("%+v", c)
	}
	// One of the severities cannot fire: the other still can.
	d = two()
	d.Alerts = nil
	rule(d, "ConsumerLagHigh").Absent = []string{"lost"}
	d.Run.Faults[3].Expect = []string{"ConsumerLagHigh"}
	if c = cell(t, analyze(t, d), fault, level); c.State != catch.Missed || len(c.Cannot) != 1 {
		t.Errorf("%+v", c)
	}
}

// TestStanding: a heartbeat fires from start to end and is told once, whichever fault comes first; an alert that does so by its
// threshold is a false alarm everywhere.
func TestStanding(t *testing.T) {
	always := func(constant string, first int) *result.Data {
		d := small()
		d.Run.Faults[0], d.Run.Faults[first] = d.Run.Faults[first], d.Run.Faults[0]
		d.Run.Alerts = append(d.Run.Alerts, result.Alert{Name: "Beat", Constant: constant})
		for _, l := range d.Run.Levels {
			d.Alerts = append(d.Alerts, result.AlertEvent{
				Time: d.Faults[0].Time.Add(300 * time.Millisecond), Arm: l.Name, Alert: "Beat", From: result.Inactive, To: result.Firing,
			})
		}
		return d
	}
	mentions := func(c catch.Cell) bool {
		return strings.Contains(c.Note, "Beat") || slices.Contains(c.False, "Beat") || slices.Contains(c.Also, "Beat") ||
			slices.ContainsFunc(c.Spans, func(s catch.Span) bool { return s.Alert == "Beat" })
	}
	for first := range 4 {
		m := analyze(t, always(result.AlwaysTrue, first))
		if len(m.Standing) != 1 || !m.Standing[0].Switch || len(m.Standing[0].Levels) != len(m.Levels) || len(m.Standing[0].Broken) > 0 {
			t.Fatalf("%+v", m.Standing)
		}
		for _, f := range m.Faults {
			for _, c := range f.Cells {
				if mentions(c) {
					t.Errorf("%s at %s: %+v", f.Fault.ID, c.Level, c)
				}
			}
		}
		m = analyze(t, always("", first))
		if len(m.Standing) != 1 || m.Standing[0].Switch || len(m.Standing[0].Levels) != len(m.Levels) {
			t.Fatalf("%+v", m.Standing)
		}
		for _, f := range m.Faults {
			for _, c := range f.Cells {
				if !slices.Contains(c.False, "Beat") || strings.Contains(c.Note, "Beat was still firing") {
					t.Errorf("%s at %s: false alarms %v, note %q", f.Fault.ID, c.Level, c.False, c.Note)
				}
				if f.Fault.ID == "none" && c.State != catch.Noisy {
					t.Errorf("none at %s is %s", c.Level, c.State)
				}
			}
		}
	}

	d := always(result.AlwaysTrue, 0)
	start := passAt(d, "model-drift")
	d.Alerts = slices.DeleteFunc(d.Alerts, func(e result.AlertEvent) bool { return e.Alert == "Beat" && e.Arm == "off" })
	d.Alerts = append(d.Alerts,
		result.AlertEvent{Time: start.Add(5 * time.Second), Arm: "full", Alert: "Beat", From: result.Firing, To: result.Inactive},
		result.AlertEvent{Time: start.Add(7 * time.Second), Arm: "full", Alert: "Beat", From: result.Inactive, To: result.Firing},
		result.AlertEvent{Time: start.Add(9 * time.Second), Arm: "logs", Alert: "Beat", From: result.Firing, To: result.Inactive})
	s := analyze(t, d).Standing[0]
	told := strings.Join(s.Broken, "\n")
	for _, want := range []string{"off: it never fired", "full: it fell silent for 2s, 5s after the start of model-drift", "logs: it fell silent for good, 9s after"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in\n%s", want, told)
		}
	}
}

// TestMissedForAReason: a fault that was missed says what may have been due to the run and not to the level.
func TestMissedForAReason(t *testing.T) {
	d := small()
	d.Run.Plan.Hold = 15 * time.Second
	a := rule(d, "AttributeMissingLogged")
	a.Interval, a.Window = time.Minute, 5*time.Minute
	d.Alerts = nil
	note := cell(t, analyze(t, d), "profile-attribute-missing", "logs").Note
	for _, want := range []string{"is evaluated every 1m and the fault is held for 15s", "has a window of 5m, and the oldest data were"} {
		if !strings.Contains(note, want) {
			t.Errorf("no %q in %q", want, note)
		}
	}
	// A level without logs misses what needs them, and needs no other reason.
	if c := cell(t, analyze(t, d), "profile-attribute-missing", "metrics"); c.State != catch.Missed || c.Note != "" {
		t.Errorf("%s, %q", c.State, c.Note)
	}
}

// Times of a rule that add up to more than a duration can hold are long, and not short.
func TestTimesBeyondAnyRun(t *testing.T) {
	const years = 280 * 365 * 24 * time.Hour
	for name, a := range map[string]result.Alert{
		"for and window":   {Name: "A", RunFor: years, LeastDetect: years, Fill: years},
		"offset and a for": {Name: "A", Reach: years, LeastDetect: years},
	} {
		for _, hold := range []time.Duration{0, time.Minute} { // 0: not known, so that the age of the data decides
			why := catch.Foresee(result.Rules{a}, []string{"A"}, hold, time.Minute)
			if hold+a.Reach > 0 && (len(why) != 1 || strings.Contains(why[0].Why, "-")) {
				t.Errorf("%s, held for %s: %v", name, hold, why)
			}
		}
	}
}
