package outside

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/prompb"
)

// Push sends the outside view of an arm to a Prometheus by remote write, as often as a Prometheus would scrape it. It is for a
// Prometheus in a container, which may not reach an address of this process.
type Push struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// StartPush pushes a view until Stop. While parked is true nothing is pushed: the Prometheus stands still.
func StartPush(ctx context.Context, prometheusURL string, view *View, interval time.Duration, parked func() bool) *Push {
	p := &Push{}
	ctx, p.cancel = context.WithCancel(ctx)
	client := &http.Client{Timeout: max(interval, time.Second), Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	p.done.Go(func() {
		defer client.CloseIdleConnections()
		api, err := remote.NewAPI(prometheusURL, remote.WithAPIHTTPClient(client), remote.WithAPIPath("api/v1/write"),
			remote.WithAPILogger(slog.New(slog.DiscardHandler)), remote.WithAPIBackoff(remote.BackoffConfig{MaxRetries: 1}))
		if err != nil {
			return // this process made the address itself
		}
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				if parked() {
					continue
				}
				families, _ := view.registry.Gather() // families has what could be collected, also after an error
				// A push that fails leaves a gap, as a failed scrape does.
				_, _ = api.Write(ctx, remote.WriteV1MessageType, writeRequest(families, now))
			}
		}
	})
	return p
}

// Stop returns when the last push has ended.
func (p *Push) Stop() {
	p.cancel()
	p.done.Wait()
}

// writeRequest returns the samples of counters, gauges and histograms at one time.
func writeRequest(families []*dto.MetricFamily, at time.Time) *prompb.WriteRequest {
	var w prompb.WriteRequest
	for _, family := range families {
		for _, m := range family.GetMetric() {
			add := func(suffix string, value float64, more ...prompb.Label) {
				labels := append([]prompb.Label{{Name: "__name__", Value: family.GetName() + suffix}, {Name: "job", Value: "outside"}}, more...)
				for _, l := range m.GetLabel() {
					labels = append(labels, prompb.Label{Name: l.GetName(), Value: l.GetValue()})
				}
				slices.SortFunc(labels, func(a, b prompb.Label) int { return strings.Compare(a.Name, b.Name) })
				w.Timeseries = append(w.Timeseries, prompb.TimeSeries{
					Labels: labels, Samples: []prompb.Sample{{Value: value, Timestamp: at.UnixMilli()}},
				})
			}
			switch h := m.GetHistogram(); {
			case h != nil: // as a scrape makes it of the text format
				for _, b := range h.GetBucket() {
					add("_bucket", float64(b.GetCumulativeCount()), prompb.Label{Name: "le", Value: strconv.FormatFloat(b.GetUpperBound(), 'g', -1, 64)})
				}
				add("_bucket", float64(h.GetSampleCount()), prompb.Label{Name: "le", Value: "+Inf"})
				add("_sum", h.GetSampleSum())
				add("_count", float64(h.GetSampleCount()))
			case m.GetCounter() != nil:
				add("", m.GetCounter().GetValue())
			default:
				add("", m.GetGauge().GetValue())
			}
		}
	}
	return &w
}
