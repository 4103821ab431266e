package verdict_test

import (
	"math"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

func tariff() *result.Prices {
	return &result.Prices{
		Currency: "EUR", CPUHour: 0.04, MemoryGBHour: 0.005, SpansMillion: 0.3, LogRecordsMillion: 0.5, DataPointsMillion: 0.1,
		TelemetryGB: 0.09, SeriesMonth: 8, Rate: 100,
	}
}

func bill(t *testing.T, b *verdict.Bills, arm string) verdict.Bill {
	t.Helper()
	for _, bill := range b.Bills {
		if bill.Arm.Name == arm {
			return bill
		}
	}
	t.Fatalf("no bill of %s", arm)
	return verdict.Bill{}
}

// TestMoneyByHand: the bill of a run in which nothing varies is what a reader makes of it with a pencil.
func TestMoneyByHand(t *testing.T) {
	d := brief(exact)
	d.Run.Prices = tariff()
	a := analyze(t, d)
	const hours = 1e6 / 100 / 3600.0 // of a million requests
	mib := int64(0)                  // of the six services
	for i := range int64(6) {
		mib += int64(float64((14+3*i)<<20) * 1.15)
	}
	want := []struct {
		what             string
		quantity, amount float64
	}{
		{"CPU of the stack", 622 * 1.15 / 3600, 622 * 1.15 / 3600 * 0.04}, // 622 µs a request at the baseline
		{"CPU of the pipeline", (8e-3*1.15/150 + 2.5e-3*0.15*1.15) * 1e6 / 3600, (8e-3*1.15/150 + 2.5e-3*0.15*1.15) * 1e6 / 3600 * 0.04},
		{"CPU of both at rest", 0.03 * hours, 0.03 * hours * 0.04},
		{"memory of the stack", float64(mib) / 1e9 * hours, float64(mib) / 1e9 * hours * 0.005},
		{"memory of the pipeline", 90 << 20 / 1e9 * hours, 90 << 20 / 1e9 * hours * 0.005},
		{"spans", 7, 2.1},
		{"log records", 2, 1},
		{"data points", 6, 0.6},
		{"telemetry on the wire", (64000/150.0 + 350*2 + 420*7) / 1e3, (64000/150.0 + 350*2 + 420*7) / 1e3 * 0.09},
		{"active series", 1.24 * hours / 730, 1.24 * hours / 730 * 8},
	}
	full, sum := bill(t, a.Money, "full"), 0.0
	for i, w := range want {
		sum += w.amount
		if item := full.Items[i]; item.What != w.what || !near(item.Quantity, w.quantity) || !near(item.Amount, w.amount) {
			t.Errorf("%+v, want %s: %v, amount %v", item, w.what, w.quantity, w.amount)
		}
	}
	e := effect(t, a, "full", "money")
	if len(full.Items) != len(want) || !near(full.Total, sum) || !near(e.Value, sum) || e.Metric.Unit != "EUR" {
		t.Errorf("%d items, total %v, value %v %s, want %v EUR", len(full.Items), full.Total, e.Value, e.Metric.Unit, sum)
	}
	if more := sum - bill(t, a.Money, "off").Total; !near(e.Diff.Mid, more) || len(a.Money.Left) != 0 {
		t.Errorf("%v more than the baseline, want %v; left out: %q", e.Diff.Mid, more, a.Money.Left)
	}
}

// TestBillsSubtract: with all that varies, the bills of two levels still subtract to about the difference that has the
// interval, which covers the truth.
func TestBillsSubtract(t *testing.T) {
	for seed := range int64(3) {
		s := verdicttest.Default(seed)
		s.Catch = false
		d := verdicttest.Build(s)
		d.Run.Prices = &result.Prices{CPUHour: 1}
		a := analyze(t, d)
		e := effect(t, a, "full", "money")
		if more := bill(t, a.Money, "full").Total - bill(t, a.Money, "off").Total; math.Abs(e.Diff.Mid-more) > 0.02*more || e.Rounds != 42 {
			t.Errorf("seed %d: difference %v of %d rounds, the bills subtract to %v", seed, e.Diff.Mid, e.Rounds, more)
		}
		truth := (622*0.15 + 2.5e3*0.15*1.15 + 8e3/150*0.15) / 3600
		if e.Diff.Lo > truth || e.Diff.Hi < truth || e.Diff.Lo < 0.8*truth || e.Diff.Hi > 1.2*truth {
			t.Errorf("seed %d: %+v, want an interval about %v", seed, e.Diff, truth)
		}
		if e.Metric.Unit != verdict.Money {
			t.Errorf("unit %q without a currency", e.Metric.Unit)
		}
	}
}

// TestMoneyIntervalIsOfTheSum: two parts that vary against each other cancel, launch by launch; the ends of their intervals
// would add up.
func TestMoneyIntervalIsOfTheSum(t *testing.T) {
	d := brief(exact)
	d.Run.Prices = &result.Prices{SpansMillion: 1, LogRecordsMillion: 1}
	for i, s := range d.Slots {
		if s.Arm == "full" && s.Phase == slot.Toll {
			d.Slots[i].Telemetry.Spans += int64(s.Launch) * s.Work.Sent
			d.Slots[i].Telemetry.LogRecords -= int64(s.Launch) * s.Work.Sent
		}
	}
	a := analyze(t, d)
	if e := effect(t, a, "full", "money"); !near(e.Value, 9) || e.Diff.Hi-e.Diff.Lo > 1e-9 {
		t.Errorf("money %+v, want 9 for certain", e)
	}
	if e := effect(t, a, "full", "spans"); e.Diff.Hi-e.Diff.Lo < 100 {
		t.Errorf("spans %+v, want them to vary", e)
	}
}

func TestMoneyLeavesOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*result.Data)
		items  int // 0: no bill at all
		left   []string
	}{
		{"no prices", func(d *result.Data) { d.Run.Prices = nil }, 0, nil},
		{"no price above 0", func(d *result.Data) { d.Run.Prices = &result.Prices{Rate: 5} }, 0, nil},
		{"no rate", func(d *result.Data) { d.Run.Prices.Rate = 0 }, 6,
			[]string{"left out: CPU of both at rest, memory of the stack, memory of the pipeline, active series; prices.rate is not set"}},
		{"what is not read", func(d *result.Data) {
			for i := range d.Slots {
				d.Slots[i].Telemetry = result.Telemetry{}
			}
		}, 5, []string{"left out: spans, log records, data points, telemetry on the wire, active series; this run could not read it"}},
		{"nothing known of rest", func(d *result.Data) {
			for i := range d.Slots {
				if d.Slots[i].Phase == slot.Idle {
					d.Slots[i].Phase = slot.Warmup
				}
			}
		}, 9, []string{"CPU at rest is no line of its own: this run does not know"}},
	} {
		d := brief(nil)
		d.Run.Prices = tariff()
		c.change(d)
		a := analyze(t, d)
		if c.items == 0 {
			if a.Money != nil {
				t.Errorf("%s: bills %+v", c.name, a.Money)
			}
			continue
		}
		n := len(a.Money.Bills[0].Items)
		if n != c.items || len(a.Money.Bills) != 4 || !strings.HasPrefix(strings.Join(a.Money.Left, "; "), strings.Join(c.left, "; ")) {
			t.Errorf("%s: %d bills of %d items, left: %q", c.name, len(a.Money.Bills), n, a.Money.Left)
		}
		if e := effect(t, a, "full", "money"); math.IsNaN(e.Diff.Mid) || !near(e.Value, bill(t, a.Money, "full").Total) {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}

func TestMoneyBudgets(t *testing.T) {
	d := brief(nil)
	d.Run.Prices = tariff()
	for budget, want := range map[string]verdict.Outcome{
		"full: money <= +6":      verdict.Pass,
		"full: money <= +2":      verdict.Fail,
		"metrics: money <= +20%": verdict.Fail, // 0.6 EUR of data points over next to nothing
	} {
		a, err := verdict.Judge(d, budgets(t, budget))
		if err != nil || a.Budgets[0].Outcome != want ||
			strings.Contains(budget, "+6") != strings.Contains(a.Budgets[0].Sentence, "is under its budget of +6 EUR") {
			t.Errorf("%s: %+v, %v, want %s", budget, a.Budgets[0], err, want)
		}
	}
	d.Run.Prices = nil
	a, err := verdict.Judge(d, budgets(t, "money <= +5%"))
	if err != nil || a.Budgets[0].Outcome != verdict.Inconclusive || !strings.Contains(a.Budgets[0].Sentence, "names no prices") {
		t.Errorf("without prices: %+v, %v", a.Budgets, err)
	}
}
