package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Budget is the most that a level may cost over the baseline in one metric; or the least, where more of the metric is better.
type Budget struct {
	Level    string  // "" for every level
	Metric   string  // Metric.ID
	Limit    float64 // a share when Relative (0.05 is +5 %), else in the metric's unit
	Relative bool
	Least    bool   // the level must be over Limit, not under it: Metric.MoreIsBetter
	Text     string // as written
}

// BudgetResult is one budget judged at one level.
type BudgetResult struct {
	Budget   Budget
	Level    string
	Saw      Interval // arm / baseline − 1, or arm − baseline; its ends are those that the decision was made by
	PassAt   float64  // confidence of the interval that Saw.Hi is from, which had to be under the limit; 0: none was made
	FailAt   float64  // likewise of Saw.Lo, which had to be over it; when Budget.Least, PassAt is that of Lo and FailAt of Hi
	Launches int      // of the toll that were over when it was decided, or judged last; 0: it was not
	Outcome  Outcome  // Pass: Hi under the limit; Fail: Lo over it; else Inconclusive; when Budget.Least, the other way round
	Sentence string   // the same in words
}

// ParseBudget reads a budget such as "p95 ≤ +5%", "cpu<=+10%", "p99<=+2ms" or "full: bytes <= +200kB": an optional
// level and colon, a metric, <= or ≤, and a limit in per cent or in a unit of the metric (ns, us, ms, s; B, kB, MB;
// none for counts and money). The metric rss was called memory once, and may be. The limit is on the change over the
// baseline, also where it is in a unit. Where more of a metric is better, its budget is the least: "capacity >= -5%",
// "full: capacity ≥ -40/s".
func ParseBudget(text string) (Budget, error) {
	b := Budget{Text: strings.TrimSpace(text)}
	plain := strings.NewReplacer("≤", "<=", "≥", ">=").Replace(b.Text)
	left, limit, found := strings.Cut(plain, "<=")
	if !found {
		left, limit, b.Least = strings.Cut(plain, ">=")
	}
	if !found && !b.Least {
		return Budget{}, fmt.Errorf("budget %q: want METRIC <= LIMIT, such as p95<=+5%%", text)
	}
	if level, metric, named := strings.Cut(left, ":"); named {
		b.Level, left = strings.TrimSpace(level), metric
		if b.Level == "" {
			return Budget{}, fmt.Errorf("budget %q: no level before the colon; leave the colon away to mean all levels", text)
		}
	}
	b.Metric = strings.TrimSpace(left)
	var ids []string
	for _, m := range metrics("") {
		if ids = append(ids, m.ID); m.ID == b.Metric || m.formerly != "" && m.formerly == b.Metric {
			b.Metric = m.ID
			if err := b.direction(m.Metric); err != nil {
				return Budget{}, err
			}
			err := b.parseLimit(strings.TrimSpace(limit), m.Metric)
			return b, err
		}
	}
	return Budget{}, fmt.Errorf("budget %q: unknown metric %q: want one of %s", text, b.Metric, strings.Join(ids, ", "))
}

// direction refuses a budget that limits a metric on its good side.
func (b Budget) direction(m Metric) error {
	switch {
	case b.Least && !m.MoreIsBetter:
		var least []string
		for _, m := range Metrics("") {
			if m.MoreIsBetter {
				least = append(least, m.ID)
			}
		}
		return fmt.Errorf("budget %q: a budget is the most that a level may cost: want %s <= LIMIT, such as %s<=+5%%; >= is for %s",
			b.Text, m.ID, m.ID, strings.Join(least, ", "))
	case !b.Least && m.MoreIsBetter:
		return fmt.Errorf("budget %q: more %s is better, so that its budget is the least: want %s >= LIMIT, such as %s>=-5%%",
			b.Text, m.ID, m.ID, m.ID)
	default:
		return nil
	}
}

// ParseBudgets reads several.
func ParseBudgets(texts []string) ([]Budget, error) {
	var budgets []Budget
	for _, text := range texts {
		b, err := ParseBudget(text)
		if err != nil {
			return nil, err
		}
		budgets = append(budgets, b)
	}
	return budgets, nil
}

// unit is a way to write a limit.
type unit struct {
	suffix string
	of     Unit
	factor float64
}

// units are the ways to write a limit, a suffix before those that it ends with.
func units() []unit {
	return []unit{
		{"ns", Seconds, 1e-9}, {"us", Seconds, 1e-6}, {"µs", Seconds, 1e-6}, {"ms", Seconds, 1e-3}, {"s", Seconds, 1},
		{"kB", Bytes, 1e3}, {"MB", Bytes, 1e6}, {"B", Bytes, 1}, {"", Count, 1}, {"", Money, 1},
		{"/s", PerSecond, 1}, {"", PerSecond, 1},
	}
}

func (b *Budget) parseLimit(limit string, m Metric) error {
	factor := 0.0
	number, relative := strings.CutSuffix(limit, "%")
	if relative {
		b.Relative, factor = true, 0.01
	}
	var legal []string
	sign := "+"
	if b.Least {
		sign = "-"
	}
	for _, u := range units() {
		if u.of != m.Unit || relative {
			continue
		}
		legal = append(legal, sign+"2"+u.suffix)
		if rest, ok := strings.CutSuffix(limit, u.suffix); ok && factor == 0 {
			number, factor = rest, u.factor
		}
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || factor == 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return fmt.Errorf("budget %q: limit %q of %s: want per cent, such as %s5%%, or %s",
			b.Text, limit, m.ID, sign, strings.Join(legal, ", "))
	}
	b.Limit = value * factor
	return nil
}

// budgetKind is what two budgets must not both limit.
type budgetKind struct {
	level, metric string
	relative      bool
}

func (b Budget) kind() budgetKind { return budgetKind{b.Level, b.Metric, b.Relative} }

// CheckBudgets refuses budgets for a level that is not among those above the baseline, and two about the same thing.
func CheckBudgets(budgets []Budget, levels []string) error {
	if len(budgets) > 0 && len(levels) == 0 {
		return fmt.Errorf("budget %q: there is no level above the baseline to hold to it", budgets[0].Text)
	}
	seen := map[budgetKind]Budget{}
	for _, b := range budgets {
		if other, twice := seen[b.kind()]; twice && other.Limit == b.Limit {
			return fmt.Errorf("budgets %q and %q are the same thing twice: keep one", other.Text, b.Text)
		} else if twice {
			return fmt.Errorf("budgets %q and %q contradict each other: they set two limits for the same thing, %s of %s: keep one",
				other.Text, b.Text, b.Metric, cmp.Or(b.Level, "every level"))
		}
		seen[b.kind()] = b
		if b.Level != "" && !slices.Contains(levels, b.Level) {
			return fmt.Errorf("budget %q: there is no level %q above the baseline: want one of %s",
				b.Text, b.Level, strings.Join(levels, ", "))
		}
	}
	return nil
}
