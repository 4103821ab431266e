// Package outside shows what can be seen of an arm without instrumentation, as an operator's exporters show it: whether each
// service answers, what its process uses, the consumer group's lag at the broker, and what the load generator saw. The
// Prometheus of every arm has this view, also that of the baseline: it scrapes the view, or the view is pushed to it.
package outside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// View is the outside view of one arm, a prometheus.Collector.
type View struct {
	arm      string
	options  []kgo.Opt // of clients of the broker; empty: there is no broker
	health   *http.Client
	registry *prometheus.Registry

	mu      sync.Mutex
	kafka   *broker // nil until it is asked
	target  *Target // nil until the arm is up
	poison  *poison // the last one that was sent
	steps   map[string]float64
	failed  float64
	dropped float64

	response    []uint64 // requests by slot.ResponseBounds
	responseSum float64  // seconds
}

// Target is what can be read of an arm from outside.
type Target struct {
	Health map[string]func() string // by service: returns the URL that answers 200 when all is well; the URL may change
	Usage  func() (testenv.Usage, error)
}

// retryLimit is how long a question to the broker is asked again while the broker does not answer: a busy broker that breaks
// one connection must not end a run. A scrape has a shorter limit of its own.
const retryLimit = 5 * time.Second

// healthLimit is how long a health check may take. It is less than the limit of a scrape, since a slow check must not fail the
// whole scrape. It is more than a service needs to find out that a service behind it is silent.
const healthLimit = 400 * time.Millisecond

// NewView returns a view of an arm that is not up yet. Broker are the options of a client of its broker; none for an arm
// without a broker.
func NewView(arm string, broker ...kgo.Opt) *View {
	bounds := slot.ResponseBounds()
	v := &View{
		arm: arm, options: broker, registry: prometheus.NewRegistry(), steps: map[string]float64{},
		response: make([]uint64, len(bounds)+1),
		health:   &http.Client{Timeout: healthLimit, Transport: &http.Transport{MaxIdleConnsPerHost: 1}},
	}
	v.registry.MustRegister(v)
	return v
}

// Watch begins to show the arm.
func (v *View) Watch(t Target) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.target = &t
}

// Observe adds what the load generator saw.
func (v *View) Observe(o testenv.Observed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for step, n := range o.Steps {
		v.steps[step] += float64(n)
	}
	v.failed += float64(o.Failed)
	v.dropped += float64(o.Dropped)
	for i, n := range o.Response {
		if i < len(v.response) {
			v.response[i] += uint64(max(n, 0)) // #nosec G115 -- not negative
		}
	}
	v.responseSum += o.ResponseSum.Seconds()
}

var (
	probeSuccess = prometheus.NewDesc("probe_success", "Whether the service answered its health check.", []string{"service"}, nil)
	processCPU   = prometheus.NewDesc("process_cpu_seconds_total", "CPU time of the service's process.", []string{"service"}, nil)
	processRSS   = prometheus.NewDesc("process_resident_memory_bytes", "Anonymous resident memory of the service's process.", []string{"service"}, nil)
	groupMembers = prometheus.NewDesc("kafka_consumergroup_members", "Members of the consumer group.", []string{"consumergroup"}, nil)
	groupOffset  = prometheus.NewDesc("kafka_consumergroup_current_offset", "The group's committed offset.", []string{"consumergroup", "topic", "partition"}, nil)
	endOffset    = prometheus.NewDesc("kafka_topic_partition_current_offset", "The end of the partition.", []string{"topic", "partition"}, nil)
	throttled    = prometheus.NewDesc("container_cpu_cfs_throttled_periods_total", "Periods in which the CPU quota of the service's container was used up.", []string{"service"}, nil)
	groupLag     = prometheus.NewDesc("kafka_consumergroup_lag", "Records between the group's committed offset and the end of the partition.", []string{"consumergroup", "topic", "partition"}, nil)
	requests     = prometheus.NewDesc("loadgen_requests_total", "Requests sent by the load generator.", []string{"step"}, nil)
	failures     = prometheus.NewDesc("loadgen_failed_total", "Requests of the load generator that failed.", nil, nil)
	drops        = prometheus.NewDesc("loadgen_dropped_total", "Requests that the load generator could not send.", nil, nil)
	responses    = prometheus.NewDesc("loadgen_request_duration_seconds",
		"Time from the scheduled start of a request of the load generator to its last byte.", nil, nil)
)

// Describe sends nothing: the metrics depend on the services of the arm.
func (*View) Describe(chan<- *prometheus.Desc) {}

// Collect looks at the arm.
func (v *View) Collect(out chan<- prometheus.Metric) {
	v.mu.Lock()
	target := v.target
	for step, n := range v.steps {
		out <- prometheus.MustNewConstMetric(requests, prometheus.CounterValue, n, step)
	}
	out <- prometheus.MustNewConstMetric(failures, prometheus.CounterValue, v.failed)
	out <- prometheus.MustNewConstMetric(drops, prometheus.CounterValue, v.dropped)
	out <- v.durations()
	v.mu.Unlock()
	if target == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var group errgroup.Group
	for service, url := range target.Health {
		group.Go(func() error {
			out <- prometheus.MustNewConstMetric(probeSuccess, prometheus.GaugeValue, number(v.Probe(ctx, url())), service)
			return nil
		})
	}
	usage, _ := target.Usage() // usage has what could be read, also after an error
	for service, cpu := range usage.CPU {
		if service != role.Backing { // which belongs to no arm
			out <- prometheus.MustNewConstMetric(processCPU, prometheus.CounterValue, cpu.Seconds(), service)
		}
	}
	for service, rss := range usage.RSS {
		out <- prometheus.MustNewConstMetric(processRSS, prometheus.GaugeValue, float64(rss), service)
	}
	v.collectGroup(ctx, out)
	for service, n := range usage.Throttled {
		out <- prometheus.MustNewConstMetric(throttled, prometheus.CounterValue, float64(n), service)
	}
	_ = group.Wait() // the probes return no errors
}

// durations is the histogram of response times; the lock is held.
func (v *View) durations() prometheus.Metric {
	buckets, count := map[float64]uint64{}, uint64(0)
	for i, bound := range slot.ResponseBounds() {
		count += v.response[i]
		buckets[bound.Seconds()] = count
	}
	count += v.response[len(v.response)-1]
	return prometheus.MustNewConstHistogram(responses, count, v.responseSum, buckets)
}

// Broker is the service under which probe_success shows whether the broker answers.
const Broker = "broker"

// collectGroup looks at the broker. What it does not say is absent: not known is not zero.
func (v *View) collectGroup(ctx context.Context, out chan<- prometheus.Metric) {
	if len(v.options) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, healthLimit/2) // several requests, and a silent broker must not fail the whole scrape
	defer cancel()
	group, err := v.groupLagWithin(ctx)
	out <- prometheus.MustNewConstMetric(probeSuccess, prometheus.GaugeValue, number(err == nil), Broker)
	if err != nil {
		return
	}
	name := role.WithoutArm(v.arm, role.IngestGroup(v.arm))
	out <- prometheus.MustNewConstMetric(groupMembers, prometheus.GaugeValue, float64(len(group.Members)), name)
	for _, l := range group.Lag.Sorted() {
		topic, partition := role.WithoutArm(v.arm, l.Topic), strconv.Itoa(int(l.Partition))
		if l.End.Err == nil {
			out <- prometheus.MustNewConstMetric(endOffset, prometheus.GaugeValue, float64(l.End.Offset), topic, partition)
		}
		if l.Err != nil {
			continue
		}
		out <- prometheus.MustNewConstMetric(groupOffset, prometheus.GaugeValue, float64(max(l.Commit.At, 0)), name, topic, partition)
		out <- prometheus.MustNewConstMetric(groupLag, prometheus.GaugeValue, float64(max(l.Lag, 0)), name, topic, partition)
	}
}

// groupLagWithin is groupLag, and returns when ctx ends: the client waits longer for a broker that it has a connection to. What is
// left of the question ends within retryLimit.
func (v *View) groupLagWithin(ctx context.Context) (kadm.DescribedGroupLag, error) {
	type answer struct {
		group kadm.DescribedGroupLag
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		group, err := v.groupLag(ctx)
		done <- answer{group, err}
	}()
	select {
	case a := <-done:
		return a.group, a.err
	case <-ctx.Done():
		return kadm.DescribedGroupLag{}, ctx.Err()
	}
}

// Probe reports whether a URL answers with 200 within the limit of a health check.
func (v *View) Probe(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := v.health.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// groupLag reads the ingest group's members, offsets and lag from the broker.
func (v *View) groupLag(ctx context.Context) (kadm.DescribedGroupLag, error) {
	client, err := v.broker()
	if err != nil {
		return kadm.DescribedGroupLag{}, err
	}
	all, err := client.admin.Lag(ctx, role.IngestGroup(v.arm))
	if err != nil {
		return kadm.DescribedGroupLag{}, err
	}
	group := all[role.IngestGroup(v.arm)]
	return group, errors.Join(group.DescribeErr, group.FetchErr)
}

// Lag is the group's lag on the events topic, in records by partition.
func (v *View) Lag(ctx context.Context) (map[int32]int64, error) {
	group, err := v.groupLag(ctx)
	if err != nil {
		return nil, fmt.Errorf("outside: lag of arm %s: %w", v.arm, err)
	}
	events := group.Lag[role.EventsTopic(v.arm)]
	if len(events) == 0 {
		return nil, fmt.Errorf("outside: lag of arm %s: the group has nothing to do with the topic of events", v.arm)
	}
	out := map[int32]int64{}
	for partition, l := range events {
		if l.Err != nil {
			return nil, fmt.Errorf("outside: lag of arm %s, partition %d: %w", v.arm, partition, l.Err)
		}
		out[partition] = l.Lag
	}
	return out, nil
}

// ErrNoBroker says that an arm has no broker to ask.
var ErrNoBroker = errors.New("there is no broker")

// broker are the connections to the broker.
type broker struct {
	kafka *kgo.Client
	admin *kadm.Client
}

// broker returns the connections to the broker.
func (v *View) broker() (*broker, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.options) == 0 {
		return nil, ErrNoBroker
	}
	if v.kafka == nil {
		client, err := kgo.NewClient(append([]kgo.Opt{kgo.RetryTimeout(retryLimit)}, v.options...)...)
		if err != nil {
			return nil, fmt.Errorf("outside: broker of arm %s: %w", v.arm, err)
		}
		v.kafka = &broker{client, kadm.NewClient(client)}
	}
	return v.kafka, nil
}

// Close closes the connections of the view.
func (v *View) Close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kafka != nil {
		v.kafka.admin.Close()
	}
	v.health.CloseIdleConnections()
}
