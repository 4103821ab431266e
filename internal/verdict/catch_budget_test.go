package verdict_test

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// Budgets on the catch decide like those on the toll, and what was not tried decides nothing.
func TestBudgetsOnTheCatch(t *testing.T) {
	for _, c := range []struct {
		name    string
		budgets []string
		want    verdict.Outcome
		says    string
	}{
		{"kept", []string{"metrics: model-drift detected <= 10m"}, verdict.Pass, "model-drift was detected"},
		{"missed", []string{"off: all detected"}, verdict.Fail, "level off: 1 of 3 faults were detected"},
		{"missed, and one may be", []string{"off: model-drift missed ok", "off: all detected"}, verdict.Fail, "not so: profile-attribute-missing"},
		{"all that are missed may be", []string{"off: model-drift missed ok", "off: profile-attribute-missing missed ok", "off: all detected"}, verdict.Pass,
			"may be missed: profile-attribute-missing, model-drift"},
		{"not confirmed", []string{"full: all detected"}, verdict.Inconclusive, "no effect that was confirmed"},
		{"a false alarm", []string{"logs: false-alarms <= 0"}, verdict.Fail, "EventAgeHigh (none)"},
		{"a rule that fired", []string{"rules: EventAgeHigh fired"}, verdict.Pass, "rules: 1 of 1 alerts fired"},
		{"rules that did not fire", []string{"rules: all fired"}, verdict.Fail, "the others did not"},
		{"with the toll", []string{"full: cpu <= +200%", "metrics: profile-attribute-missing detected"}, verdict.Pass, "its budget of +200 %"},
		{"dear, and caught", []string{"full: cpu <= +1%", "metrics: profile-attribute-missing detected"}, verdict.Fail, "over its budget"},
	} {
		a, err := verdict.Judge(verdicttest.Data(3), budgets(t, c.budgets...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if text := strings.Join(a.Reasons, "\n"); a.Outcome != c.want || !strings.Contains(text, c.says) {
			t.Errorf("%s: %s, %s; want %s, %s", c.name, a.Outcome, text, c.want, c.says)
		}
	}
}

// A budget for a level goes before one for all, and one for all is for the baseline, too.
func TestLevelsOfBudgetsOnTheCatch(t *testing.T) {
	a, err := verdict.Judge(verdicttest.Data(3), budgets(t, "profile-attribute-missing detected", "metrics: profile-attribute-missing detected <= 1ns"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]verdict.Outcome{}
	for _, r := range a.Budgets {
		got[r.Level] = r.Outcome
	}
	if len(a.Budgets) != 4 || got["off"] != verdict.Fail || got["metrics"] != verdict.Fail || got["full"] != verdict.Pass {
		t.Errorf("%+v", a.Budgets)
	}
}

func TestBudgetsOnWhatIsNotThere(t *testing.T) {
	for _, c := range []struct{ budget, says string }{
		{"loud: all detected", `no level "loud": want one of off, metrics, logs, full`},
		{"consumer-leg detected", `no fault "consumer-leg"`},
		{"rules: Nothing fired", `no alert "Nothing"`},
	} {
		if _, err := verdict.Judge(verdicttest.Data(3), budgets(t, c.budget)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.budget, err, c.says)
		}
	}
	s := verdicttest.Default(3)
	s.Catch = false
	if _, err := verdict.Judge(verdicttest.Build(s), budgets(t, "all detected")); err == nil || !strings.Contains(err.Error(), "no fault is injected") {
		t.Errorf("without a catch: %v", err)
	}
}

// A waiver that has expired fails a run, also one without budgets.
func TestExpiredWaiver(t *testing.T) {
	for expires, want := range map[string]verdict.Outcome{"2020-01-31": verdict.Fail, "2999-01-31": verdict.Pass} {
		d := verdicttest.Data(3)
		d.Run.Waivers = []result.Waiver{{Waive: result.WaiveMissed, Fault: "model-drift", Level: "off", Reason: "known", Expires: expires}}
		a, err := verdict.Analyze(d)
		if err != nil || a.Outcome != want || want == verdict.Fail && !strings.Contains(a.Reasons[0], "model-drift missed at off: expired on 2020-01-31") {
			t.Errorf("%s: %s %v, %v; want %s", expires, a.Outcome, a.Reasons, err, want)
		}
	}
}
