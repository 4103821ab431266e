package stack

import (
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// TestDeliveriesHideTheAddress: only the upstream knows the e-mail address.
func TestDeliveriesHideTheAddress(t *testing.T) {
	s := &etlService{cfg: Config{Config: role.Config{Seed: 1}}, pop: population.New(1, 20, 8), names: newPseudonyms("1")}
	seen := map[string]bool{}
	for i := range s.pop.Users() {
		_, value, err := s.record(i, 1)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(value); strings.Contains(text, "@") || strings.Contains(text, "example.com") || !strings.Contains(text, `"email":"`) {
			t.Errorf("record %s", text)
		}
		seen[string(value)] = true
	}
	if len(seen) != s.pop.Users() {
		t.Errorf("%d different records of %d users", len(seen), s.pop.Users())
	}
}
