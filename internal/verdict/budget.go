package verdict

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Budget is the most that a level may cost over the baseline in one metric; or the least, where more of the metric is better; or
// what a level has to catch.
type Budget struct {
	Level    string  // "" for every level
	Metric   string  // Metric.ID
	Limit    float64 // a share when Relative (0.05 is +5 %), else in the metric's unit
	Relative bool
	Least    bool   // the level must be over Limit, not under it: Metric.MoreIsBetter
	Text     string // as written

	// Catch is what is demanded of the catch. Of the fields above only Level and Text are then set.
	Catch catch.Demand
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

	// Decidable is the chance that the launches which the plan allows will decide it, of one that a run still going on has left open; else 0.
	Decidable float64
}

// ParseBudget reads a budget: an optional level and a colon, and then either what catch.ParseDemand reads, such as "consumer-lag
// detected <= 2m", or the limit of a metric: "p95 ≤ +5%", "cpu<=+10%", "p99<=+2ms", "full: bytes <= +200kB". That is a metric, <= or
// ≤, and a limit in per cent or in a unit of the metric (ns, us, ms, s; B, kB, MB; none for counts and money). The metric rss was
// called memory once, and may be. The limit is on the change over the baseline, also where it is in a unit. Where more of a metric
// is better, its budget is the least: "capacity >= -5%", "full: capacity ≥ -40/s".
func ParseBudget(text string) (Budget, error) {
	b := Budget{Text: strings.TrimSpace(text)}
	level, rest, named := strings.Cut(b.Text, ":")
	if !named {
		level, rest = "", b.Text
	}
	if b.Level = strings.TrimSpace(level); named && b.Level == "" {
		return Budget{}, fmt.Errorf("budget %q: no level before the colon; leave the colon away to mean all levels", text)
	}
	demand, ok, err := catch.ParseDemand(b.Level, rest)
	switch {
	case err != nil:
		return Budget{}, fmt.Errorf("budget %q: %w", text, err)
	case ok:
		b.Catch = demand
		return b, nil
	default:
		return b, b.parseMetric(rest)
	}
}

// parseMetric reads "p95 <= +5%".
func (b *Budget) parseMetric(text string) error {
	plain := strings.NewReplacer("≤", "<=", "≥", ">=").Replace(text)
	metric, limit, found := strings.Cut(plain, "<=")
	if !found {
		metric, limit, b.Least = strings.Cut(plain, ">=")
	}
	if !found && !b.Least {
		return fmt.Errorf("budget %q: want METRIC <= LIMIT, such as p95<=+5%%, or a demand on the catch, such as all detected", b.Text)
	}
	b.Metric = strings.TrimSpace(metric)
	var ids []string
	for _, m := range metrics("") {
		if ids = append(ids, m.ID); m.ID == b.Metric || m.formerly != "" && m.formerly == b.Metric {
			b.Metric = m.ID
			if err := b.direction(m.Metric); err != nil {
				return err
			}
			return b.parseLimit(strings.TrimSpace(limit), m.Metric)
		}
	}
	return fmt.Errorf("budget %q: unknown metric %q: want one of %s", b.Text, b.Metric, strings.Join(ids, ", "))
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

	demand  catch.Want
	subject string
}

func (b Budget) kind() budgetKind {
	return budgetKind{b.Level, b.Metric, b.Relative, b.Catch.Kind, b.Catch.Subject}
}

// kinds are those of budgets.
func kinds(budgets []Budget) map[budgetKind]bool {
	out := map[budgetKind]bool{}
	for _, b := range budgets {
		out[b.kind()] = true
	}
	return out
}

// holdsAt says that a level is held to the budget, one of a list with these kinds: one that names a level goes before one that means
// all, for that level.
func (b Budget) holdsAt(level string, all map[budgetKind]bool) bool {
	of := b.kind()
	of.level = level
	return b.Level == level || b.Level == "" && !all[of]
}

// Part is the part of a run that the budget is judged by: toll, capacity or catch.
func (b Budget) Part() string {
	if b.onCatch() {
		return slot.Catch
	}
	m, _ := Lookup(b.Metric)
	return m.Phase
}

// Counted says that the budget is on a count.
func (b Budget) Counted() bool {
	m, _ := Lookup(b.Metric)
	return m.Counted
}

// onCatch says that the budget is a demand on the catch.
func (b Budget) onCatch() bool { return b.Catch.Kind != "" }

// Scope is what budgets can be about.
type Scope struct {
	Levels []string // that catch something, the baseline among them
	Above  []string // that cost something over the baseline
	Faults []string // that are injected; nil: the catch is not measured
	Alerts []string // nil: not known
}

// ScopeOf is the scope of a run.
func ScopeOf(r result.Run) Scope {
	var s Scope
	for _, l := range r.Levels {
		s.Levels = append(s.Levels, l.Name)
	}
	for _, a := range r.Arms {
		if a.Role == result.RoleLevel {
			s.Above = append(s.Above, a.Name)
		}
	}
	for _, f := range r.Faults {
		s.Faults = append(s.Faults, f.ID)
	}
	s.Alerts = result.Rules(r.Alerts).IDs()
	return s
}

// CheckBudgets refuses budgets on the toll of a level that is not among those above the baseline, demands on what is not in the
// scope, and two budgets about the same thing.
func CheckBudgets(budgets []Budget, s Scope) error {
	seen := map[budgetKind]Budget{}
	for _, b := range budgets {
		if other, twice := seen[b.kind()]; twice && other.Limit == b.Limit && other.Catch == b.Catch {
			return fmt.Errorf("budgets %q and %q are the same thing twice: keep one", other.Text, b.Text)
		} else if twice {
			return fmt.Errorf("budgets %q and %q contradict each other: they set two limits for the same thing, %s of %s: keep one",
				other.Text, b.Text, b.subject(), cmp.Or(b.Level, "every level"))
		}
		seen[b.kind()] = b
		if err := b.within(s); err != nil {
			return fmt.Errorf("budget %q: %w", b.Text, err)
		}
	}
	return nil
}

// subject is what a budget limits.
func (b Budget) subject() string {
	if !b.onCatch() {
		return b.Metric
	}
	return strings.TrimSpace(b.Catch.Subject + " " + string(b.Catch.Kind))
}

// within refuses a budget on what is not in the scope.
func (b Budget) within(s Scope) error {
	levels, suffix := s.Levels, ""
	if !b.onCatch() {
		levels, suffix = s.Above, " above the baseline"
	}
	switch {
	case len(levels) == 0:
		return fmt.Errorf("there is no level%s to hold to it", suffix)
	case b.onCatch() && len(s.Faults) == 0:
		return errors.New("no fault is injected, so that nothing is caught: name faults, or take the budget back")
	case b.Level != "" && b.Catch.Kind != catch.WantFired && !slices.Contains(levels, b.Level):
		return fmt.Errorf("there is no level %q%s: want one of %s", b.Level, suffix, strings.Join(levels, ", "))
	case b.Catch.Kind == catch.WantFired && s.Alerts == nil, !b.onCatch():
		return nil
	default:
		return b.Catch.Known(s.Faults, s.Alerts)
	}
}
