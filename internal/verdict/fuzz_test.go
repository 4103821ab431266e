package verdict

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// FuzzParseBudget: an error quotes the budget; a limit is finite, and the same when it is written in another way.
func FuzzParseBudget(f *testing.F) {
	for _, seed := range []string{"p95 ≤ +5%", "cpu<=+10%", "p99<=+2ms", "full: bytes <= +200kB", "capacity >= -5%", "full: capacity ≥ -40/s", "memory <= 1MB", "p50 <= 1e308s", "money<=0x1p3",
		"full: consumer-lag detected <= 2m wall", "all detected >= 80 %", "off: model-drift missed ok", "false-alarms <= 2/h", "rules: all fired"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ParseBudget(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "budget ") {
				t.Errorf("the error does not name the budget: %v", err)
			}
			return
		}
		if math.IsNaN(b.Limit) || math.IsInf(b.Limit, 0) {
			t.Errorf("%q: limit %v", text, b.Limit)
		}
		if again, err := ParseBudget(b.Text); err != nil || again != b {
			t.Errorf("%q is %+v, and its text %+v, %v", text, b, again, err)
		}
		if b.onCatch() {
			return
		}
		sign, level := "<=", ""
		if b.Least {
			sign = ">="
		}
		if b.Level != "" {
			level = b.Level + ":"
		}
		if !b.Relative {
			return
		}
		other, err := ParseBudget(fmt.Sprintf("%s%s%s%v%%", level, b.Metric, sign, b.Limit/0.01))
		if err != nil || math.Abs(other.Limit-b.Limit) > 1e-9*math.Abs(b.Limit) || other.Level != b.Level || other.Metric != b.Metric || other.Least != b.Least {
			t.Errorf("%q is %+v, and written in another way %+v, %v", text, b, other, err)
		}
	})
}
