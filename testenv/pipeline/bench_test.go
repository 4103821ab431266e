package pipeline

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/testenv/role"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

// BenchmarkStats measures one POST /control/stats. A run makes two in every slot.
func BenchmarkStats(b *testing.B) {
	r := start(b, Config{})
	req, _ := http.NewRequest(http.MethodPost, "http://"+r.addr["http"]+"/control/stats", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	for b.Loop() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// BenchmarkIdle reports the share of a core that a pipeline takes while nothing is sent to it. It includes scrapes and
// evaluations, and the scraped server, which shares the process. One operation is ten idle seconds.
func BenchmarkIdle(b *testing.B) {
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := range 40 {
			fmt.Fprintf(w, "process_cpu_seconds_total{service=\"s%d\"} 1\n", i)
		}
	}))
	defer outside.Close()
	pack, err := alerts.Load("perso.yaml", rules.Pack)
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, pack.Lapse(60, 3*DefaultInterval).Text, 0o644); err != nil {
		b.Fatal(err)
	}
	start(b, Config{Config: role.Config{ScrapeURL: outside.URL + "/metrics", RulesFile: file}})
	const window = 10 * time.Second
	time.Sleep(window / 5) // past the start-up, which is not idle
	before := cpu(b)
	for b.Loop() {
		time.Sleep(window)
	}
	b.ReportMetric(100*float64(cpu(b)-before)/float64(window)/float64(b.N), "%core")
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
