// Command bench-vegeta puts load on one URL with vegeta's library and says what came of it, as JSON. It is a peer of bench-load,
// and a module of its own, so that the repository's other programs do not depend on vegeta.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// report is what bench-load reads; times are in ns.
type report struct {
	Planned, Sent, Failed   int64
	LagP50, LagP99          int64 // intended start → sent
	P50, P99, P999, Longest int64 // sent → last byte, as vegeta has it
}

// plan is vegeta's pacer of a constant rate, which remembers when the attack began: vegeta does not say.
type plan struct {
	vegeta.ConstantPacer
	once  *sync.Once
	began *time.Time
}

// Pace implements vegeta.Pacer.
func (p plan) Pace(elapsed time.Duration, hits uint64) (time.Duration, bool) {
	p.once.Do(func() { *p.began = time.Now().Add(-elapsed) })
	return p.ConstantPacer.Pace(elapsed, hits)
}

func main() {
	url := flag.String("url", "", "where to send the requests")
	rate := flag.Int("rate", 1000, "requests per second")
	length := flag.Duration("for", time.Second, "how long")
	body := flag.String("body", "", "body of each request, JSON")
	out := flag.String("out", "", "file of the report")
	flag.Parse()
	if err := attack(*url, *rate, *length, *body, *out); err != nil {
		fmt.Fprintf(os.Stderr, "bench-vegeta: %v\n", err)
		os.Exit(1)
	}
}

// attack sends the requests and writes the report.
func attack(url string, rate int, length time.Duration, body, out string) error {
	targets := vegeta.NewStaticTargeter(vegeta.Target{
		Method: http.MethodPost, URL: url, Body: []byte(body), Header: http.Header{"Content-Type": {"application/json"}},
	})
	p := plan{vegeta.ConstantPacer{Freq: rate, Per: time.Second}, new(sync.Once), new(time.Time)}
	a := vegeta.NewAttacker(vegeta.Timeout(30*time.Second), vegeta.MaxBody(0), vegeta.Connections(10_000))
	interval := time.Second / time.Duration(rate)
	r := report{Planned: int64(length / interval)}
	var lags, times []int64
	for result := range a.Attack(targets, p, length, "") {
		r.Sent++
		if result.Error != "" {
			r.Failed++
		}
		due := p.began.Add(time.Duration(result.Seq+1) * interval) // as ConstantPacer has it: hit 0 after one interval
		lags = append(lags, int64(max(result.Timestamp.Sub(due), 0)))
		times = append(times, int64(result.Latency))
	}
	if r.Sent == 0 {
		return fmt.Errorf("no request was sent to %s", url)
	}
	slices.Sort(lags)
	slices.Sort(times)
	at := func(sorted []int64, q float64) int64 { return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)] }
	r.LagP50, r.LagP99 = at(lags, 0.5), at(lags, 0.99)
	r.P50, r.P99, r.P999, r.Longest = at(times, 0.5), at(times, 0.99), at(times, 0.999), times[len(times)-1]
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o600)
}
