package verdict_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// TestEnoughLaunches: as many launches as an open budget asks for decide it in at least half of the worlds of the same noise; that it
// is not all of them lies in the estimate, which does not stay where it is.
func TestEnoughLaunches(t *testing.T) {
	asks := regexp.MustCompile(`(\d+) launches \(toll\.launches\), (\d+ min|\d+m?\d*s) of toll in place of \S+( min)?, would decide it if the estimate stays$`)
	judged := func(s verdicttest.Spec) verdict.BudgetResult {
		a, err := verdict.Judge(verdicttest.Build(s), budgets(t, "metrics: cpu<=+5%"))
		if err != nil || len(a.Budgets) != 1 {
			t.Fatal(a, err)
		}
		return a.Budgets[0]
	}
	open, decided := 0, 0
	for seed := range int64(30) {
		s := verdicttest.Default(seed)
		s.Catch, s.Launches, s.Rounds = false, 2, 6
		first := judged(s)
		if first.Outcome != verdict.Inconclusive {
			continue
		}
		m := asks.FindStringSubmatch(first.Sentence)
		if m == nil {
			if !strings.Contains(first.Sentence, "so near the limit") {
				t.Errorf("seed %d: %s", seed, first.Sentence)
			}
			continue
		}
		s.Launches, _ = strconv.Atoi(m[1])
		if s.Launches > 40 {
			continue // long to build
		}
		open++
		if judged(s).Outcome != verdict.Inconclusive {
			decided++
		}
	}
	t.Logf("%d of %d decided", decided, open)
	if open < 5 || 2*decided < open {
		t.Errorf("%d of %d open budgets were decided with as many launches as they asked for", decided, open)
	}
}
