package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// Bills are what a million requests cost at every level, at the user's own prices, with the arithmetic.
type Bills struct {
	Currency Unit    // Money where none is named
	Rate     float64 // requests per second over which is spread what costs by the hour; 0: it is left out
	Bills    []Bill  // the baseline first, then the levels above it
	Left     []string
}

// Bill is what a million requests cost at one level. Its quantities are means over launches, and those of the baseline over
// the arms that levels are compared with too. The metric money of LevelToll estimates the same from the rounds, by a median of
// theirs, and its interval: bills subtract to about that.
type Bill struct {
	Arm   result.Arm
	Items []Item  // the same in every bill
	Total float64 // sum of the amounts
	Over  float64 // Total less that of the bill before, which is of the level before it in the order of the run; NaN for the baseline
}

// Item is one line of a bill: Quantity × Price = Amount.
type Item struct {
	What     string
	Quantity float64 // in Unit, per million requests
	Unit     string  // in the singular: "core hour"
	Price    float64 // of one Unit
	Amount   float64
	Over     float64 // likewise of Amount
}

// priced is one line of all bills.
type priced struct {
	what, unit string
	price      float64
	needs      []need
	hourly     bool // costs by the hour, however many requests there are: then it is one quantity for a launch
	atRest     bool // CPU that is taken off the other lines of CPU, where it is known

	quantity func(m *measured, arm, launch int, slots []result.Slot) float64 // over some slots of the launch
}

// monthHours is the month of a price: a twelfth of 365 days.
const monthHours = 730

// lines are all that can have a price, in display order.
func lines(p result.Prices) []priced {
	type quantity = func(*measured, int, int, []result.Slot) float64
	busy := func(cpu func(result.Slot) float64) quantity {
		return func(m *measured, arm, launch int, slots []result.Slot) float64 {
			return 1000 * perThousand(slots, m.net(arm, launch, cpu)) / 3600
		}
	}
	// hourly spreads what is held all the time over the hours that a million requests take.
	hourly := func(held func([]result.Slot) float64, unit float64) quantity {
		return func(m *measured, arm, launch int, _ []result.Slot) float64 {
			return held(m.slotsOf(arm, launch)) / unit * m.millionHours()
		}
	}
	pipelineMemory := func(slots []result.Slot) float64 {
		return settled(slots, func(s result.Slot) int64 { return s.RSS[pipeline] })
	}
	count := func(of counted, unit float64) quantity {
		return func(m *measured, arm, launch int, slots []result.Slot) float64 {
			return 1000 * perThousand(slots, of(m, arm, launch)) / unit
		}
	}
	return []priced{
		{what: "CPU of the stack", unit: "core hour", price: p.CPUHour, needs: []need{cpuOfStack()}, quantity: busy(stackCPU)},
		{what: "CPU of the pipeline", unit: "core hour", price: p.CPUHour, needs: []need{cpuOfPipeline()}, quantity: busy(pipelineCPU)},
		{what: "CPU of both at rest", unit: "core hour", price: p.CPUHour, needs: []need{cpuOfStack(), cpuOfPipeline()}, hourly: true, atRest: true,
			quantity: func(m *measured, arm, launch int, _ []result.Slot) float64 {
				return (m.idleRate(arm, launch, stackCPU) + m.idleRate(arm, launch, pipelineCPU)) * m.millionHours()
			}},
		{what: "memory of the stack", unit: "GB hour", price: p.MemoryGBHour, needs: []need{memoryOfStack()}, hourly: true,
			quantity: hourly(steady, 1e9)},
		{what: "memory of the pipeline", unit: "GB hour", price: p.MemoryGBHour, needs: []need{cpuOfPipeline()}, hourly: true,
			quantity: hourly(pipelineMemory, 1e9)},
		{what: "spans", unit: "million", price: p.SpansMillion, needs: []need{telemetryAtAll()},
			quantity: count(spans, 1e6)},
		{what: "log records", unit: "million", price: p.LogRecordsMillion, needs: []need{telemetryAtAll()},
			quantity: count(logRecords, 1e6)},
		{what: "data points", unit: "million", price: p.DataPointsMillion, needs: []need{telemetryAtAll()},
			quantity: count(dataPoints, 1e6)},
		{what: "telemetry on the wire", unit: "GB", price: p.TelemetryGB, needs: []need{telemetryAtAll()},
			quantity: count(telemetryBytes, 1e9)},
		{what: "active series", unit: "1,000 for a month", price: p.SeriesMonth, needs: []need{telemetryAtAll()}, hourly: true,
			quantity: hourly(activeSeries, 1000*monthHours)},
	}
}

// millionHours is how many hours one arm takes for a million requests in production.
func (m *measured) millionHours() float64 { return 1e6 / m.run.Prices.Rate / 3600 }

// priced are the lines of this run's bills.
func (m *measured) priced() []priced {
	in, _, _ := m.sorted()
	return in
}

// sorted says of the lines that have a price which are in the bills, which would need a rate, and which this run could not
// read.
func (m *measured) sorted() (in, noRate, unknown []priced) {
	if m.run.Prices == nil {
		return nil, nil, nil
	}
	for _, line := range lines(*m.run.Prices) {
		switch {
		case !(line.price > 0):
		case line.atRest && m.idle == nil: // it is in the other lines: see bills
		case !m.has(line.needs...):
			unknown = append(unknown, line)
		case line.hourly && !(m.run.Prices.Rate > 0):
			noRate = append(noRate, line)
		default:
			in = append(in, line)
		}
	}
	return in, noRate, unknown
}

// money reads the sum of a bill, per round: what the parts have in common, such as a slow round, they have together, so that
// the interval of the sum is no sum of intervals.
func money(m *measured) series {
	s := series{values: emptySeries(m), sums: true}
	lines := m.priced()
	for l, rounds := range m.launches {
		for _, r := range rounds {
			if len(lines) == 0 || slices.ContainsFunc(r.slots, func(s result.Slot) bool { return s.Work.Sent <= 0 }) {
				continue
			}
			for arm, slot := range r.slots {
				sum := 0.0
				for _, line := range lines {
					sum += line.price * line.quantity(m, arm, l, []result.Slot{slot})
				}
				s.values[arm][l] = append(s.values[arm][l], sum)
			}
		}
	}
	return s
}

// bills are the bills of the baseline and of the levels above it; nil without prices, or without anything that has one.
func (m *measured) bills() *Bills {
	lines, noRate, unknown := m.sorted()
	if len(lines) == 0 {
		return nil
	}
	p := m.run.Prices
	out := &Bills{Currency: cmp.Or(Unit(p.Currency), Money), Rate: p.Rate}
	for arm, a := range m.run.Arms {
		switch {
		case arm == m.baseline:
			out.Bills = append(out.Bills, m.bill(lines, a, m.reference))
		case a.Role == result.RoleLevel:
			out.Bills = append(out.Bills, m.bill(lines, a, []int{arm}))
		}
	}
	out.setOver()
	out.leave(noRate, "prices.rate is not set, over which to spread what costs by the hour")
	out.leave(unknown, "this run could not read it")
	if m.idle == nil && p.CPUHour > 0 {
		out.Left = append(out.Left, "CPU at rest is no line of its own: "+noIdle)
	}
	return out
}

// setOver sets by how much each bill is more than the one before.
func (b *Bills) setOver() {
	for i := range b.Bills {
		bill := &b.Bills[i]
		bill.Over = math.NaN()
		if i > 0 {
			bill.Over = bill.Total - b.Bills[i-1].Total
		}
		for j := range bill.Items {
			bill.Items[j].Over = math.NaN()
			if i > 0 {
				bill.Items[j].Over = bill.Items[j].Amount - b.Bills[i-1].Items[j].Amount
			}
		}
	}
}

func (b *Bills) leave(lines []priced, why string) {
	var names []string
	for _, line := range lines {
		names = append(names, line.what)
	}
	if len(names) > 0 {
		b.Left = append(b.Left, fmt.Sprintf("left out: %s; %s", strings.Join(names, ", "), why))
	}
}

// bill is the mean over launches and arms.
func (m *measured) bill(lines []priced, of result.Arm, arms []int) Bill {
	b := Bill{Arm: of}
	for _, line := range lines {
		item := Item{What: line.what, Unit: line.unit, Price: line.price}
		for launch := range m.launches {
			for _, arm := range arms {
				item.Quantity += line.quantity(m, arm, launch, m.slotsOf(arm, launch)) / float64(len(arms)*len(m.launches))
			}
		}
		item.Amount = item.Quantity * item.Price
		b.Items = append(b.Items, item)
		b.Total += item.Amount
	}
	return b
}
