package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/child"
)

// outside serves what can be seen of an arm without instrumenting it, as an operator's exporters would: whether each
// service answers, what its process uses, the consumer group's lag at the broker, and what the load generator saw.
// Every arm's Prometheus scrapes it, the baseline's too.
type outside struct {
	listener net.Listener
	server   *http.Server
	mux      *http.ServeMux
	done     chan struct{}

	mu    sync.Mutex
	views []*view
}

func newOutside() (*outside, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("testenv: %w", err)
	}
	mux := http.NewServeMux()
	o := &outside{listener: listener, mux: mux, done: make(chan struct{}), server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}
	go func() {
		defer close(o.done)
		_ = o.server.Serve(listener) // ends with close
	}()
	return o, nil
}

func (o *outside) url(arm string) string { return "http://" + o.listener.Addr().String() + "/" + arm }

// add makes the view of an arm whose broker is at the given address.
func (o *outside) add(arm, broker string) *view {
	v := &view{
		arm:    arm,
		broker: broker,
		health: &http.Client{Timeout: 500 * time.Millisecond, Transport: &http.Transport{MaxIdleConnsPerHost: 1}},
		steps:  map[string]float64{},
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(v)
	o.mux.Handle("/"+arm, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.views = append(o.views, v)
	return v
}

func (o *outside) close() error {
	err := o.server.Close()
	<-o.done
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range o.views {
		v.close()
	}
	return err
}

// view is the outside view of one arm, a prometheus.Collector.
type view struct {
	arm, broker string
	health      *http.Client

	mu      sync.Mutex
	admin   *kadm.Client
	target  *arm // nil until the arm is up
	steps   map[string]float64
	failed  float64
	dropped float64
}

// watch begins to show the arm.
func (v *view) watch(a *arm) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.target = a
}

// observe adds what the load generator saw.
func (v *view) observe(o Observed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for step, n := range o.Steps {
		v.steps[step] += float64(n)
	}
	v.failed += float64(o.Failed)
	v.dropped += float64(o.Dropped)
}

var (
	probeSuccess = prometheus.NewDesc("probe_success", "Whether the service answered its health check.", []string{"service"}, nil)
	processCPU   = prometheus.NewDesc("process_cpu_seconds_total", "CPU time of the service's process.", []string{"service"}, nil)
	processRSS   = prometheus.NewDesc("process_resident_memory_bytes", "Anonymous resident memory of the service's process.", []string{"service"}, nil)
	groupLag     = prometheus.NewDesc("kafka_consumergroup_lag", "Records between the group's committed offset and the end of the partition.", []string{"consumergroup", "topic", "partition"}, nil)
	requests     = prometheus.NewDesc("loadgen_requests_total", "Requests sent by the load generator.", []string{"step"}, nil)
	failures     = prometheus.NewDesc("loadgen_failed_total", "Requests of the load generator that failed.", nil, nil)
	drops        = prometheus.NewDesc("loadgen_dropped_total", "Requests that the load generator could not send.", nil, nil)
)

// Describe sends nothing: what is collected depends on which services there are.
func (*view) Describe(chan<- *prometheus.Desc) {}

// Collect looks at the arm.
func (v *view) Collect(out chan<- prometheus.Metric) {
	v.mu.Lock()
	target := v.target
	for step, n := range v.steps {
		out <- prometheus.MustNewConstMetric(requests, prometheus.CounterValue, n, step)
	}
	out <- prometheus.MustNewConstMetric(failures, prometheus.CounterValue, v.failed)
	out <- prometheus.MustNewConstMetric(drops, prometheus.CounterValue, v.dropped)
	v.mu.Unlock()
	if target == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var group errgroup.Group
	for _, service := range services {
		group.Go(func() error {
			out <- prometheus.MustNewConstMetric(probeSuccess, prometheus.GaugeValue, v.probe(ctx, target.urls[service]), service)
			return nil
		})
	}
	for service, p := range target.procs {
		if cpu, err := child.CPU(p.PID); err == nil {
			out <- prometheus.MustNewConstMetric(processCPU, prometheus.CounterValue, cpu.Seconds(), service)
		}
		if rss, err := child.RSS(p.PID); err == nil {
			out <- prometheus.MustNewConstMetric(processRSS, prometheus.GaugeValue, float64(rss), service)
		}
	}
	if lags, err := v.groupLag(ctx); err == nil { // a broker that does not answer shows as absent lag
		for _, l := range lags.Sorted() {
			if l.Err != nil {
				continue // not known is not zero
			}
			out <- prometheus.MustNewConstMetric(groupLag, prometheus.GaugeValue, float64(max(l.Lag, 0)),
				strings.TrimPrefix(v.group(), v.arm+"."), strings.TrimPrefix(l.Topic, v.arm+"."), strconv.Itoa(int(l.Partition)))
		}
	}
	_ = group.Wait() // the probes return no errors
}

func (v *view) probe(ctx context.Context, url string) float64 {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return 0
	}
	resp, err := v.health.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0
	}
	return 1
}

func (v *view) group() string { return v.arm + ".ingest" }

// groupLag reads the ingest group's lag from the broker.
func (v *view) groupLag(ctx context.Context) (kadm.GroupLag, error) {
	admin, err := v.client()
	if err != nil {
		return nil, err
	}
	all, err := admin.Lag(ctx, v.group())
	if err != nil {
		return nil, err
	}
	lag := all[v.group()]
	return lag.Lag, errors.Join(lag.DescribeErr, lag.FetchErr)
}

// lag is the group's lag on the events topic, in records by partition.
func (v *view) lag(ctx context.Context) (map[int32]int64, error) {
	lags, err := v.groupLag(ctx)
	if err != nil {
		return nil, fmt.Errorf("testenv: lag of arm %s: %w", v.arm, err)
	}
	events := lags[v.arm+".events"]
	if len(events) == 0 {
		return nil, fmt.Errorf("testenv: lag of arm %s: the group has nothing to do with the topic of events", v.arm)
	}
	out := map[int32]int64{}
	for partition, l := range events {
		if l.Err != nil {
			return nil, fmt.Errorf("testenv: lag of arm %s, partition %d: %w", v.arm, partition, l.Err)
		}
		out[partition] = l.Lag
	}
	return out, nil
}

func (v *view) client() (*kadm.Client, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.admin == nil {
		client, err := kgo.NewClient(kgo.SeedBrokers(v.broker), kgo.RetryTimeout(time.Second))
		if err != nil {
			return nil, fmt.Errorf("testenv: broker of arm %s: %w", v.arm, err)
		}
		v.admin = kadm.NewClient(client)
	}
	return v.admin, nil
}

func (v *view) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.admin != nil {
		v.admin.Close()
	}
	v.health.CloseIdleConnections()
}
