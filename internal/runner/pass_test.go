package runner

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
)

// TestLapsed: a renewal is too late only where it comes after the lease, and the warning says where and how late.
func TestLapsed(t *testing.T) {
	if text := lapsed("consumer-lag", "full", faults.Lease); text != "" {
		t.Errorf("in time: %s", text)
	}
	text := lapsed("consumer-lag", "full", faults.Lease+12*time.Second)
	for _, want := range []string{"consumer-lag", "full", "17s", "5s"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %s", text, want)
		}
	}
}
