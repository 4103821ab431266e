package reports

import (
	"slices"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

func TestStartUps(t *testing.T) {
	r := result.Run{
		Arms: []result.Arm{{Name: "off"}, {Name: "off-2"}}, // one name begins with the other
		StartUp: []result.StartUp{
			{Launch: 0, Total: 9 * time.Second, Processes: 4, Parts: map[string]time.Duration{
				"kafka": 5200 * time.Millisecond, "redis": time.Second, "off-gateway": 2 * time.Second, "off-2-gateway": 3 * time.Second,
			}},
			{Launch: 1, Total: time.Second, Processes: 29}, // processes
		},
	}
	want := []string{"launch 1: 4 containers ready in 9.00 s: kafka 5.20 s, gateway 2.00 s to 3.00 s, redis 1.00 s"}
	got := startUps(r)
	if len(got) != 1 || !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
