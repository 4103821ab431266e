package verdict_test

import (
	"regexp"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// What is told of a run that is going on is the toll of its launches so far, and nothing where there is none yet.
func TestSoFar(t *testing.T) {
	data := verdicttest.Data(1)
	got, err := verdict.SoFar(data)
	if err != nil || len(got) != 3 {
		t.Fatalf("%q, %v; want one clause for each of metrics, logs and full", got, err)
	}
	for i, level := range []string{"metrics", "logs", "full"} {
		if !regexp.MustCompile(`^` + level + ` p50 [+-][0-9.]+ % ±[0-9.]+$`).MatchString(got[i]) {
			t.Errorf("%q", got[i])
		}
	}
	data.Slots, data.Run.Status = nil, result.Running
	if got, err := verdict.SoFar(data); err != nil || len(got) > 0 {
		t.Errorf("before the first round: %q, %v", got, err)
	}
}
