package verdict_test

import (
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

func TestOpen(t *testing.T) {
	d := lookedAt(2)
	d.Run.Status = result.Running
	d.Run.Budgets = []string{"full: cpu<=+30%", "metrics: cpu<=+4%", "full: p99.9<=+5%"}
	open, of, err := verdict.Open(d)
	if err != nil || open != 1 || of != 3 {
		t.Errorf("%d of %d open, %v; want 1 of 3: the quantile is out of reach of any number of launches", open, of, err)
	}
	for i := range d.Slots {
		d.Slots[i].Work.Failed = d.Slots[i].Work.Sent / 2
	}
	if open, _, err := verdict.Open(d); err != nil || open != 0 {
		t.Errorf("%d open, %v: more launches do not mend a broken control", open, err)
	}
}
