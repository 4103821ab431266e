package reports

import (
	"testing"

	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/internal/verdict/verdicttest"
)

// analyzed is what the real analysis makes of a synthetic run. It has no golden file: its numbers are the business of
// the packages that compute them, and every change there would change it.
func analyzed(t *testing.T) *verdict.Analysis {
	t.Helper()
	a, err := verdict.Analyze(verdicttest.Data(1))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
