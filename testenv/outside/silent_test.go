package outside

import (
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/testenv"
)

// TestSilentBrokerLeavesTheRest: a broker that takes connections and says nothing does not hold up a scrape.
func TestSilentBrokerLeavesTheRest(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	v := NewView("arm", kgo.SeedBrokers(silent.Addr().String()))
	defer v.Close()
	v.Watch(Target{Usage: func() (testenv.Usage, error) { return testenv.NewUsage(), nil }})
	families, err := v.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "probe_success" && f.GetMetric()[0].GetGauge().GetValue() == 0 {
			return
		}
	}
	t.Errorf("nothing says that the broker is silent: %v", families)
}
