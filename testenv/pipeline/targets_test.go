package pipeline

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/tollgate-dev/tollgate/internal/core/eventually"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// A target that is up has no error, and one that is down has the reason; its address is one that can be opened.
func TestTargets(t *testing.T) {
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "probe_success 1\n")
	}))
	defer outside.Close()
	for _, tt := range []struct {
		path, health string
		failed       bool
	}{{"/metrics", "up", false}, {"/nothing", "down", true}} {
		r := start(t, Config{Config: role.Config{ScrapeURL: outside.URL + tt.path, ScrapeInterval: 100 * time.Millisecond, EvalInterval: 100 * time.Millisecond}})
		client, err := api.NewClient(api.Config{Address: r.addr["prometheus"]})
		if err != nil {
			t.Fatal(err)
		}
		eventually.Nil(t, func() error {
			targets, err := v1.NewAPI(client).Targets(t.Context())
			if err != nil {
				return err
			}
			if len(targets.Active) != 2 {
				return fmt.Errorf("%d targets, want the outside view and the process itself", len(targets.Active))
			}
			for _, target := range targets.Active {
				health, failed := "up", false
				if target.ScrapePool == JobOutside {
					health, failed = tt.health, tt.failed
				}
				if string(target.Health) != health || (target.LastError != "") != failed {
					return fmt.Errorf("%s: health %s, last error %q, want %s", target.ScrapeURL, target.Health, target.LastError, health)
				}
				if target.GlobalURL != target.ScrapeURL {
					return fmt.Errorf("%s has the address %s", target.ScrapeURL, target.GlobalURL)
				}
			}
			return nil
		})
	}
}
