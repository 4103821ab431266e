package outside

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/testenv"
)

// TestOutsideView: what the load generator saw can be scraped before the arm is up, and without it.
func TestOutsideView(t *testing.T) {
	o, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	v := o.Add("full", kgo.SeedBrokers("127.0.0.1:1"))
	v.Observe(testenv.Observed{Steps: map[string]int64{"click": 2}, Failed: 1})
	v.Observe(testenv.Observed{Steps: map[string]int64{"click": 3}, Dropped: 4})
	resp, err := http.Get(o.URL("full"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`loadgen_requests_total{step="click"} 5`, "loadgen_failed_total 1", "loadgen_dropped_total 4"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}
