package verdict_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// lookedAt is a run of so many launches whose plan has looks after 2, 4 and 8.
func lookedAt(launches int) *result.Data {
	d := runOf(3, func(s *verdicttest.Spec) { s.Launches, s.Rounds = launches, 6 })
	d.Run.Plan.Looks = []result.Look{{Launches: 2, Error: 0.025}, {Launches: 4, Error: 0.015}, {Launches: 8, Error: 0.01}}
	return d
}

func TestLooks(t *testing.T) {
	d := lookedAt(4)
	a, err := verdict.Judge(d, budgets(t, "full: cpu<=+30%", "full: cpu<=+2ms", "metrics: cpu<=+4%"))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Looks) != 2 || a.Looks[0].Launches != 2 || a.Looks[1].Launches != 4 || a.Looks[1].Open != 1 {
		t.Fatalf("looks %+v, want two, the last with one budget open", a.Looks)
	}
	for _, r := range a.Budgets {
		switch r.Budget.Text {
		case "full: cpu<=+30%":
			if r.Outcome != verdict.Pass || r.Launches != 2 || r.PassAt < 0.975 || !strings.Contains(r.Sentence, "after 2 launches") {
				t.Errorf("%+v", r)
			}
		case "metrics: cpu<=+4%":
			if r.Outcome != verdict.Inconclusive || r.Launches != 4 || r.PassAt > 0.996 || !strings.Contains(r.Sentence, "after 4 launches") {
				t.Errorf("%+v", r)
			}
		}
	}
}

// What was decided at a look is what it was then, however the data have grown since.
func TestALookStays(t *testing.T) {
	early, late := lookedAt(2), lookedAt(8)
	text := "full: p50<=+30%"
	a, err := verdict.Judge(early, budgets(t, text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := verdict.Judge(late, budgets(t, text))
	if err != nil {
		t.Fatal(err)
	}
	if a.Budgets[0] != b.Budgets[0] || a.Budgets[0].Outcome != verdict.Pass {
		t.Errorf("after 2 launches %+v\nafter 8 launches %+v", a.Budgets[0], b.Budgets[0])
	}
	if len(b.Looks) != 3 || b.Looks[0].Open != 0 {
		t.Errorf("looks %+v", b.Looks)
	}
}

// A run that ended in the middle of a launch is judged by the looks that it has had.
func TestLooksOfAPartialRun(t *testing.T) {
	d := lookedAt(4)
	rounds := d.Run.Plan.Rounds
	d.Slots = slices.DeleteFunc(d.Slots, func(s result.Slot) bool { return s.Launch == 3 && s.Round > rounds/2 })
	a, err := verdict.Judge(d, budgets(t, "metrics: cpu<=+4%"))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Looks) != 1 || a.Budgets[0].Launches != 2 {
		t.Errorf("looks %+v, judged after %d launches", a.Looks, a.Budgets[0].Launches)
	}
}

func TestLook(t *testing.T) {
	d := lookedAt(2)
	d.Run.Status = result.Running
	d.Run.Budgets = []string{"full: cpu<=+30%", "metrics: cpu<=+4%", "full: p99.9<=+5%"}
	now, err := verdict.Look(d)
	if err != nil || now.Open != 1 || now.Of != 3 || len(now.Decided) != 1 || !strings.Contains(now.Decided[0], "under its budget of +30 %") {
		t.Errorf("%+v, %v; want 1 of 3 open: the quantile is out of reach of any number of launches", now, err)
	}
	for i := range d.Slots {
		d.Slots[i].Work.Failed = d.Slots[i].Work.Sent / 2
	}
	if now, err := verdict.Look(d); err != nil || now.Open != 0 || now.Spoiled != "errors" {
		t.Errorf("%+v, %v: more launches do not mend a broken control", now, err)
	}
}

// A budget that the plan's launches would hardly decide is told apart from one that they may decide.
func TestLookWithoutHope(t *testing.T) {
	d := lookedAt(4)
	d.Run.Status = result.Running
	d.Run.Plan.Looks = []result.Look{{Launches: 4, Error: 0.01}, {Launches: 5, Error: 0.04}}
	a, err := verdict.Judge(d, budgets(t, "metrics: cpu<=+50%"))
	if err != nil {
		t.Fatal(err)
	}
	// On the estimate itself, and so near it that no fifth launch makes up for it.
	near := fmt.Sprintf("metrics: cpu<=%+.4f%%", 100*a.Budgets[0].Saw.Mid)
	d.Run.Budgets = []string{"full: cpu<=+30%", near}
	now, err := verdict.Look(d)
	if err != nil || now.Open != 0 || len(now.Hopeless) != 1 || !strings.Contains(now.Hopeless[0], "level metrics: cpu") {
		t.Errorf("%+v, %v; want %s without hope", now, err, near)
	}
	d.Run.Plan.Looks[1].Launches = 100
	if now, err = verdict.Look(d); err != nil || now.Open != 1 || len(now.Hopeless) != 0 {
		t.Errorf("%+v, %v; want %s open, where 96 more launches are allowed", now, err, near)
	}
}

// The repeated baseline is broken by chance now and then, and may be undecided for want of launches: neither ends a run at once.
func TestLookAtControls(t *testing.T) {
	d := lookedAt(2)
	d.Run.Status, d.Run.Budgets = result.Running, []string{"full: cpu<=+30%"}
	d.Run.Plan.EqualWithin = map[string]float64{"cpu": 0.001}
	if now, err := verdict.Look(d); err != nil || now.Undecided != "repeated baseline" || now.Broken != "" || now.Spoiled != "" || now.Open != 0 {
		t.Errorf("wider than stated: %+v, %v", now, err)
	}
	d = runOf(3, func(s *verdicttest.Spec) { s.Launches, s.Rounds = 2, 6 })
	d.Run.Plan.Looks = lookedAt(2).Run.Plan.Looks
	d.Run.Status, d.Run.Budgets = result.Running, []string{"full: cpu<=+30%"}
	for _, s := range d.Slots {
		for service := range s.CPU {
			if s.Arm == verdicttest.Repeat {
				s.CPU[service] *= 2
			}
		}
	}
	if now, err := verdict.Look(d); err != nil || now.Broken != "repeated baseline" || now.Spoiled != "" {
		t.Errorf("copies that differ: %+v, %v", now, err)
	}
}
