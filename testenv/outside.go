package testenv

import (
	"cmp"
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

// add makes the view of an arm and serves it. Broker says how its broker is reached; none for an arm without one.
func (o *outside) add(arm string, broker ...kgo.Opt) *view {
	v := newView(arm, broker...)
	o.mux.Handle("/"+arm, promhttp.HandlerFor(v.registry, promhttp.HandlerOpts{}))
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
	arm      string
	broker   []kgo.Opt // empty: there is none
	health   *http.Client
	registry *prometheus.Registry

	mu      sync.Mutex
	admin   *kadm.Client
	seen    *seen // nil until the arm is up
	steps   map[string]float64
	failed  float64
	dropped float64
}

// seen is an arm as far as it can be looked at from outside.
type seen struct {
	health map[string]func() string // URL that answers 200 when all is well, by service; it may move
	usage  func() (Usage, error)
}

// healthLimit is how long a health check may take: less than a scrape, which would fail as a whole, and more than a service
// takes to find out that one behind it is silent.
const healthLimit = 400 * time.Millisecond

func newView(arm string, broker ...kgo.Opt) *view {
	v := &view{
		arm: arm, broker: broker, registry: prometheus.NewRegistry(), steps: map[string]float64{},
		health: &http.Client{Timeout: healthLimit, Transport: &http.Transport{MaxIdleConnsPerHost: 1}},
	}
	v.registry.MustRegister(v)
	return v
}

// watch begins to show the arm.
func (v *view) watch(s *seen) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen = s
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
	target := v.seen
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
	for service, url := range target.health {
		group.Go(func() error {
			out <- prometheus.MustNewConstMetric(probeSuccess, prometheus.GaugeValue, v.probe(ctx, url()), service)
			return nil
		})
	}
	usage, _ := target.usage() // what could be read is there
	for service, cpu := range usage.CPU {
		if service != Backing { // which is no arm's own
			out <- prometheus.MustNewConstMetric(processCPU, prometheus.CounterValue, cpu.Seconds(), service)
		}
	}
	for service, rss := range usage.RSS {
		out <- prometheus.MustNewConstMetric(processRSS, prometheus.GaugeValue, float64(rss), service)
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
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
	if err != nil || admin == nil {
		return nil, cmp.Or(err, errNoBroker)
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

// errNoBroker says that an arm has no broker that could be asked.
var errNoBroker = errors.New("there is no broker")

// client is the connection to the broker; nil where there is none.
func (v *view) client() (*kadm.Client, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.admin == nil && len(v.broker) > 0 {
		client, err := kgo.NewClient(append([]kgo.Opt{kgo.RetryTimeout(time.Second)}, v.broker...)...)
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
