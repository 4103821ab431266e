package experiment

import (
	"regexp"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// currency is what a currency may be called: a code or a sign.
var currency = regexp.MustCompile(`^[\pL\p{Sc}]{1,8}$`)

// validatePrices refuses values that are no prices, and budgets for money where there is no price.
func (e *Experiment) validatePrices(c *complaints) {
	p := e.Prices
	if p.Currency != "" && !currency.MatchString(p.Currency) {
		c.add("prices.currency: want a code or a sign such as EUR or €, of at most 8 letters, got %q", p.Currency)
	}
	priced := false
	for _, x := range []struct {
		key   string
		value float64
	}{
		{"cpu_hour", p.CPUHour}, {"memory_gb_hour", p.MemoryGBHour}, {"spans_million", p.SpansMillion},
		{"log_records_million", p.LogRecordsMillion}, {"data_points_million", p.DataPointsMillion},
		{"telemetry_gb", p.TelemetryGB}, {"series_month", p.SeriesMonth},
	} {
		within(c, "prices."+x.key, x.value, 0, 1e9)
		priced = priced || x.value > 0
	}
	within(c, "prices.rate", p.Rate, 0, 1e9)
	if !priced && p != (result.Prices{}) {
		c.add("prices: there is no price above 0 among them: name one, or leave prices empty")
	}
	if budgets, err := verdict.ParseBudgets(e.Budgets); err == nil && !priced {
		for _, b := range budgets {
			if m, _ := verdict.Lookup(b.Metric); m.Unit == verdict.Money {
				c.add("budgets: %q: the experiment names no price (prices)", b.Text)
			}
		}
	}
}
