package catch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
)

func TestParseDemand(t *testing.T) {
	for _, c := range []struct {
		level, text string
		want        catch.Demand
	}{
		{"full", "consumer-lag detected", catch.Demand{Kind: catch.WantDetected, Subject: "consumer-lag"}},
		{"full", " consumer-lag detected<=2m", catch.Demand{Kind: catch.WantDetected, Subject: "consumer-lag", Within: 2 * time.Minute}},
		{"full", "consumer-lag detected ≤ 2s wall", catch.Demand{Kind: catch.WantDetected, Subject: "consumer-lag", Within: 2 * time.Second, Wall: true}},
		{"", "all detected <= 1h30m rule", catch.Demand{Kind: catch.WantDetected, Subject: catch.All, Within: 90 * time.Minute}},
		{"", "all detected >= 80 %", catch.Demand{Kind: catch.WantDetected, Subject: catch.All, Share: 0.8}},
		{"full", "all diagnosed", catch.Demand{Kind: catch.WantDiagnosed, Subject: catch.All}},
		{"off", "model-drift missed ok", catch.Demand{Kind: catch.MissedOK, Subject: "model-drift"}},
		{"", "false-alarms <= 0", catch.Demand{Kind: catch.WantFalseAlarms}},
		{"", "false-alarms <= 2.5/h", catch.Demand{Kind: catch.WantFalseAlarms, Most: 2.5, Hourly: true}},
		{"rules", "all fired", catch.Demand{Kind: catch.WantFired, Subject: catch.All}},
		{"rules", `Burn{team="on call"} fired`, catch.Demand{Kind: catch.WantFired, Subject: `Burn{team="on call"}`}},
		{"rules", `Burn{severity="page"} fired`, catch.Demand{Kind: catch.WantFired, Subject: `Burn{severity="page"}`}},
	} {
		if got, ok, err := catch.ParseDemand(c.level, c.text); err != nil || !ok || got != c.want {
			t.Errorf("%s: %s: %+v, %v, %v, want %+v", c.level, c.text, got, ok, err, c.want)
		}
	}
	for _, c := range []struct{ level, text, says string }{
		{"full", "detected", "lacks a name"},
		{"full", "a b detected", "more than one name"},
		{"full", "consumer-lag detected <= 0s", "above 0"},
		{"full", "consumer-lag detected <= soon", "above 0"},
		{"full", "consumer-lag detected <= 2m cpu", "2m cpu"},
		{"full", "consumer-lag detected >= 0%", "up to 100 %"},
		{"full", "consumer-lag detected >= 120%", "up to 100 %"},
		{"full", "consumer-lag detected >= 0.8", "up to 100 %"},
		{"full", "consumer-lag diagnosed <= 2m", "makes no sense"},
		{"full", "consumer-lag missed", "missed ok"},
		{"full", "all missed ok", "has to be named"},
		{"full", "false-alarms", "need a limit"},
		{"full", "false-alarms <= 1.5", "whole number"},
		{"full", "false-alarms <= -1", "whole number"},
		{"full", "false-alarms <= NaN/h", "whole number"},
		{"full", "consumer-lag false-alarms <= 1", "not of consumer-lag"},
		{"full", "all fired", "level rules"},
		{"rules", "all detected", "level rules"},
	} {
		if got, ok, err := catch.ParseDemand(c.level, c.text); err == nil || !ok || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "want one of") {
			t.Errorf("%s: %s: %+v, %v, %v, want an error that says %q and what is legal", c.level, c.text, got, ok, err, c.says)
		}
	}
	for _, text := range []string{"p95 <= +5%", "cpu", "", "consumer-lag"} {
		for _, level := range []string{"full", "rules"} { // somebody may have called a level so
			if got, ok, err := catch.ParseDemand(level, text); ok || err != nil {
				t.Errorf("%s: %q is a demand: %+v, %v", level, text, got, err)
			}
		}
	}
}

func TestKnownDemand(t *testing.T) {
	faults, alerts := []string{"none", "consumer-lag"}, []string{"ConsumerLagHigh"}
	for _, c := range []struct{ level, text, says string }{
		{"full", "consumer-lag detected", ""}, {"full", "all detected", ""}, {"full", "false-alarms <= 0", ""}, {"rules", "ConsumerLagHigh fired", ""},
		{"full", "consumer-leg detected", `no fault "consumer-leg" here: want one of consumer-lag, or all`},
		{"full", "none detected", "injects nothing"},
		{"rules", "ConsumerLegHigh fired", `no alert "ConsumerLegHigh" here: want one of ConsumerLagHigh, or all`},
	} {
		d, _, err := catch.ParseDemand(c.level, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Known(faults, alerts); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.text, err, c.says)
		}
	}
}

func TestHold(t *testing.T) {
	d := small()
	d.Run.Lapse = 60
	m := analyze(t, d)
	for _, c := range []struct {
		level, text string
		exempt      []string
		want        catch.Ruling
		says        string
	}{
		{"metrics", "profile-attribute-missing detected", nil, catch.Kept, "after 5m24s of rule time at most"},
		{"metrics", "profile-attribute-missing detected <= 6m", nil, catch.Kept, "limit 6m"},
		{"metrics", "profile-attribute-missing detected <= 5m", nil, catch.Broken, "after 5m24s of rule time only (DefaultContentHigh)"},
		{"metrics", "profile-attribute-missing detected <= 6s wall", nil, catch.Kept, "5.4s of wall time"},
		{"metrics", "profile-attribute-missing detected <= 5s wall", nil, catch.Broken, "5.4s of wall time only"},
		{"metrics", "profile-attribute-missing detected >= 5%", nil, catch.Kept, "at least 5 %"},
		{"metrics", "profile-attribute-missing detected >= 90%", nil, catch.Open, "catch.repeats"},
		{"off", "profile-attribute-missing detected", nil, catch.Broken, "profile-attribute-missing was missed"},
		{"full", "consumer-lag detected", nil, catch.Open, "no effect that was confirmed"},
		{"full", "consumer-lag diagnosed", nil, catch.Open, "no effect that was confirmed"},
		{"full", "consumer-lag missed ok", nil, catch.Open, "no effect that was confirmed"},
		{"logs", "model-drift detected", nil, catch.Open, "too few requests"},
		{"full", "profile-attribute-missing diagnosed", nil, catch.Kept, "was diagnosed"},
		{"metrics", "profile-attribute-missing diagnosed", nil, catch.Broken, "no evidence"},
		{"off", "model-drift missed ok", nil, catch.Kept, "was missed, as it may be"},
		{"metrics", "model-drift missed ok", nil, catch.Kept, "may be missed, and was detected"},
		{"off", "all detected", nil, catch.Broken, "1 of 3 faults were detected; not so: profile-attribute-missing was missed, model-drift was missed"},
		{"off", "all detected", []string{"profile-attribute-missing", "model-drift"}, catch.Kept, "may be missed: profile-attribute-missing, model-drift"},
		{"full", "all detected", nil, catch.Open, "not judged: consumer-lag had no effect"},
		{"logs", "false-alarms <= 0", nil, catch.Broken, "EventAgeHigh (none)"},
		{"off", "false-alarms <= 0", nil, catch.Kept, "0 false alarms"},
		{"logs", "false-alarms <= 10000/h", nil, catch.Kept, "keeps the limit"},
		{"logs", "false-alarms <= 0.001/h", nil, catch.Broken, "over the limit"},
		{"off", "false-alarms <= 0.001/h", nil, catch.Open, "watch longer"},
		{"rules", "DefaultContentHigh fired", nil, catch.Kept, "1 of 1 alerts fired"},
		{"rules", "all fired", nil, catch.Broken, "the others did not"},
	} {
		demand, ok, err := catch.ParseDemand(c.level, c.text)
		if err != nil || !ok {
			t.Fatalf("%s: %v", c.text, err)
		}
		if got := m.Hold(demand, c.level, c.exempt); got.Ruling != c.want || !strings.Contains(got.Sentence, c.says) {
			t.Errorf("%s: %s: %d, %q, want %d, %q", c.level, c.text, got.Ruling, got.Sentence, c.want, c.says)
		}
	}
	var none *catch.Matrix
	if got := none.Hold(catch.Demand{Kind: catch.WantDetected, Subject: catch.All}, "full", nil); got.Ruling != catch.Open {
		t.Errorf("without a catch: %+v", got)
	}
}

// TestHoldOnABusyMachine: what it seems to break is open, what it keeps is kept, and what no machine could keep is broken.
func TestHoldOnABusyMachine(t *testing.T) {
	m := analyze(t, small())
	m.Lateness = catch.Lateness{Late: 87, Of: 100}
	for _, c := range []struct {
		level, text string
		want        catch.Ruling
	}{
		{"metrics", "profile-attribute-missing detected", catch.Kept},
		{"metrics", "profile-attribute-missing detected <= 5s wall", catch.Open},
		{"off", "profile-attribute-missing detected", catch.Open},
		{"off", "all detected", catch.Open},
		{"metrics", "profile-attribute-missing diagnosed", catch.Open},
		{"off", "false-alarms <= 0", catch.Kept},
		{"logs", "false-alarms <= 0", catch.Open},
		{"logs", "false-alarms <= 0.001/h", catch.Open},
		{"rules", "all fired", catch.Open},
	} {
		demand, _, err := catch.ParseDemand(c.level, c.text)
		if err != nil {
			t.Fatal(err)
		}
		got := m.Hold(demand, c.level, nil)
		if got.Ruling != c.want || (c.want == catch.Open) != strings.Contains(got.Sentence, "too busy to tell (the load generator was late in 87 %") {
			t.Errorf("%s: %s: %d, %q, want %d", c.level, c.text, got.Ruling, got.Sentence, c.want)
		}
	}
	for i, row := range m.Faults {
		for j := range row.Cells {
			m.Faults[i].Cells[j].State = catch.CannotFire
		}
	}
	for _, subject := range []string{"model-drift", catch.All} {
		if got := m.Hold(catch.Demand{Kind: catch.WantDetected, Subject: subject}, "off", nil); got.Ruling != catch.Broken {
			t.Errorf("%s, and no alert can fire: %d, %q", subject, got.Ruling, got.Sentence)
		}
	}
	for _, change := range []func(*catch.Coverage){
		func(c *catch.Coverage) { c.Why = "its metric is not there" },
		func(c *catch.Coverage) { c.Tried = nil },
	} {
		never := *m
		never.Coverage = slices.Clone(m.Coverage)
		never.Coverage = append(never.Coverage, catch.Coverage{Alert: "Never", Tried: []string{"model-drift"}})
		change(&never.Coverage[len(never.Coverage)-1])
		if got := never.Hold(catch.Demand{Kind: catch.WantFired, Subject: "Never"}, "rules", nil); got.Ruling != catch.Broken {
			t.Errorf("an alert that no machine could fire: %d, %q", got.Ruling, got.Sentence)
		}
	}
}

func TestWaivers(t *testing.T) {
	d := small()
	day := func(days int) string { return d.Run.Started.AddDate(0, 0, days).UTC().Format(time.DateOnly) }
	d.Run.Waivers = []result.Waiver{
		{Waive: result.WaiveMissed, Fault: "model-drift", Level: "off", Expires: day(0)},
		{Waive: result.WaiveMissed, Fault: "profile-attribute-missing", Level: "off", Expires: day(-1)},
		{Waive: result.WaiveFalseAlarm, Alert: "EventAgeHigh", Expires: day(1)},
		{Waive: result.WaiveUndiagnosed, Fault: "profile-attribute-missing", Level: "metrics", Expires: day(1)},
		{Waive: result.WaiveMissed, Fault: "consumer-lag", Expires: day(1)},
	}
	m := analyze(t, d)
	for i, want := range []struct {
		expired bool
		used    string
	}{{false, "model-drift at off"}, {true, "profile-attribute-missing at off"}, {false, "EventAgeHigh at logs"},
		{false, "profile-attribute-missing at metrics"}, {false, ""}} {
		if w := m.Waivers[i]; w.Expired != want.expired || !strings.Contains(strings.Join(w.Used, ", "), want.used) || (want.used == "") != (len(w.Used) == 0) {
			t.Errorf("waiver %d: %+v, want %+v", i, w, want)
		}
	}
	for _, c := range []struct {
		level, text string
		want        catch.Ruling
	}{
		{"off", "model-drift detected", catch.Kept},
		{"off", "profile-attribute-missing detected", catch.Broken}, // the waiver has expired
		{"logs", "false-alarms <= 0", catch.Kept},
		{"metrics", "profile-attribute-missing diagnosed", catch.Kept},
		{"full", "consumer-lag detected", catch.Open}, // not confirmed, whatever is waived
	} {
		demand, _, err := catch.ParseDemand(c.level, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Hold(demand, c.level, nil); got.Ruling != c.want {
			t.Errorf("%s: %s: %+v, want %d", c.level, c.text, got, c.want)
		}
	}
}

func TestCoverage(t *testing.T) {
	m := analyze(t, small())
	got := map[string]catch.Coverage{}
	for _, c := range m.Coverage {
		got[c.Alert] = c
	}
	if c := got["DefaultContentHigh"]; !strings.Contains(strings.Join(c.For, " "), "profile-attribute-missing") || c.Never() {
		t.Errorf("DefaultContentHigh: %+v", c)
	}
	if c := got["EventAgeHigh"]; !slices.Contains(c.Other, "none") || !slices.Contains(c.For, "consumer-lag") {
		t.Errorf("EventAgeHigh fired for consumer-lag, and as a false alarm: %+v", c)
	}
	for _, row := range m.Faults {
		for _, c := range row.Cells {
			for _, alert := range append(append([]string{c.Alert}, c.Also...), c.False...) {
				if alert != "" && got[alert].Never() {
					t.Errorf("%s fired at %s × %s, and is said never to have fired", alert, row.Name(), c.Level)
				}
			}
		}
	}
}

// A fault that is injected again is counted in k of n passes, and every pass that was not tried leaves a demand open.
func TestRepeats(t *testing.T) {
	d := small()
	again(d, "profile-attribute-missing")
	m := analyze(t, d)
	for _, r := range m.Repeats {
		if r.Fault != "profile-attribute-missing" {
			t.Errorf("%s was injected once: %+v", r.Fault, r)
		}
		if want := map[string]int{"off": 0, "metrics": 1}; r.N != 1 || r.Open != 1 || want[r.Level] != r.Detected && (r.Level == "off" || r.Level == "metrics") {
			t.Errorf("%+v", r)
		}
	}
	demand, _, _ := catch.ParseDemand("metrics", "profile-attribute-missing detected")
	if got := m.Hold(demand, "metrics", nil); got.Ruling != catch.Open {
		t.Errorf("one pass detected, one not finished: %+v", got)
	}
}

// again lets a fault have a second pass, which has not come to its turn.
func again(d *result.Data, fault string) {
	for i := range d.Run.Faults {
		if d.Run.Faults[i].ID == fault {
			d.Run.Faults[i].Passes = 2
		}
	}
}
