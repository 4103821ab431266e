package containers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/receiver"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// collectorFile is the Collector's configuration in its container. The Collector reads it again after SIGHUP.
const collectorFile = "/etc/otelcol-contrib/tollgate.yaml"

// configured is the configuration of an arm's Collector, and what the lever has changed in it.
type configured struct {
	mu     sync.Mutex
	basis  collector.Config // as it should be
	order  collector.Order  // in force
	orders int              // how many there were; the version of the configuration of the last one
	seen   string           // the version that the Collector last had
	logs   receiver.Counts  // what had come in when it took that
}

// usual is the version of the configuration as it should be.
const usual = "0"

// reloadLimit is how long a Collector may take to end its parts and to start them again. Each of its servers may take five seconds to
// end, if a client has opened a connection and has sent nothing over it.
const reloadLimit = 20 * time.Second

// reloadRenewal is after how long a lease is renewed while the Collector takes a configuration, which may take longer than the lease.
const reloadRenewal = time.Second

// changeCollector gives the Collector another configuration, and its way to Prometheus another latency. The guard of the session puts
// the old configuration back when the lease ends; the latency has a lease at the link.
func changeCollector(ctx context.Context, a *arm, _ string, params any, d time.Duration) error {
	to, err := a.ordered(ctx, params)
	if err != nil {
		return fmt.Errorf("testenv: arm %s: %s: %w", a.spec.Name, lever.ChangeCollector, err)
	}
	a.configured.mu.Lock()
	defer a.configured.mu.Unlock()
	if a.configured.order != to {
		if err := a.restore(ctx); err != nil || to == (collector.Order{}) {
			return err
		}
		a.configured.order = to
		a.configured.orders++
	}
	version := strconv.Itoa(a.configured.orders)
	text, err := a.changed(to, version).YAML()
	if err != nil {
		return fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
	}
	return a.become(ctx, version, func() error {
		if err := a.slow(ctx, to, d); err != nil {
			return err
		}
		return a.launch.session.Hold(ctx, a.collector.ID, engine.Rewrite, engine.Rewriting{Path: collectorFile, Text: text, Signal: "SIGHUP"}, d)
	})
}

// ordered reads the parameters, and takes back what would make more series than it may.
func (a *arm) ordered(ctx context.Context, params any) (collector.Order, error) {
	var to collector.Order
	if err := lever.Params(params, &to); err != nil {
		return to, err
	}
	if err := to.Check(); err != nil {
		return to, err
	}
	if selector, limited := to.Counted(); limited {
		n, err := a.seriesEver(ctx, selector)
		if err != nil {
			return to, err
		}
		if n >= to.MostSeries {
			to.CountBy = ""
		}
	}
	to.MostSeries = 0 // it is no part of the configuration
	return to, nil
}

// changed is the configuration that an order makes. A slow way to Prometheus leads over the link.
func (a *arm) changed(to collector.Order, version string) collector.Config {
	c := a.configured.basis
	c.Change, c.Version = to.Change, version
	if to.Latency != "" {
		c.Prometheus = "http://" + net.JoinHostPort(a.host(role.Links), prometheusLinkPort) + otlpPath
	}
	return c
}

// slow pulls the latency of the link to Prometheus, or renews its lease.
func (a *arm) slow(ctx context.Context, to collector.Order, d time.Duration) error {
	latency, err := to.Delay()
	if err != nil || latency == 0 {
		return err
	}
	err = a.launch.client.Pull(ctx, a.links.URL(servicePort), lever.At(prometheusHost, lever.Latency), map[string]int64{"latency": latency.Milliseconds()}, d)
	if err != nil {
		return fmt.Errorf("testenv: arm %s: link to Prometheus: %w", a.spec.Name, err)
	}
	return nil
}

// restoreCollector gives the Collector the configuration that it should have.
func restoreCollector(ctx context.Context, a *arm, _ string) error {
	a.configured.mu.Lock()
	defer a.configured.mu.Unlock()
	return a.restore(ctx)
}

// restore takes an order back; it is no error if there is none. What the Collector has queued is not to wait for a slow Prometheus, so
// the link is quick first. The caller has the lock.
func (a *arm) restore(ctx context.Context) error {
	if a.configured.order == (collector.Order{}) {
		return nil
	}
	if a.configured.order.Latency != "" {
		if err := a.launch.client.Release(ctx, a.links.URL(servicePort), lever.At(prometheusHost, lever.Latency), a.spec.Name); err != nil {
			return fmt.Errorf("testenv: arm %s: link to Prometheus: %w", a.spec.Name, err)
		}
	}
	err := a.become(ctx, usual, func() error { return a.launch.session.Release(ctx, a.collector.ID, engine.Rewrite) })
	if err == nil {
		a.configured.order = collector.Order{}
	}
	return err
}

// become makes the Collector take the configuration of a version, and returns when it works with that. Change makes it read the file
// again, unless it has that version already; it is called again, to renew its lease, while the Collector is not there yet. What the
// Collector counts begins at zero then; what it counts in the moment before, after the last reading, is not known. The caller has the
// lock.
func (a *arm) become(ctx context.Context, version string, change func() error) error {
	if a.version(ctx) == version {
		return change()
	}
	ctx, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	_, _ = a.Telemetry(ctx) // if that fails, what was read before stands
	a.stopped.Store(true)
	defer a.stopped.Store(false)
	if err := change(); err != nil {
		return err
	}
	renewal := time.NewTicker(reloadRenewal)
	defer renewal.Stop()
	for a.version(ctx) != version {
		select {
		case <-ctx.Done():
			return fmt.Errorf("testenv: collector of arm %s: it does not work with another configuration: %w", a.spec.Name, context.Cause(ctx))
		case <-renewal.C:
			if err := change(); err != nil {
				return err
			}
		case <-time.After(20 * time.Millisecond):
		}
	}
	a.volume.again()
	_, err := a.logsSince(ctx)
	return err
}

// logsSince says which log records have come in since the Collector last took a configuration, which the guard may have made it do. The
// caller has the lock.
func (a *arm) logsSince(ctx context.Context) (receiver.Counts, error) {
	now, err := a.counts(ctx)
	if err != nil {
		return now, fmt.Errorf("testenv: arm %s: log records: %w", a.spec.Name, err)
	}
	if version := a.version(ctx); version != "" && version != a.configured.seen {
		a.configured.seen, a.configured.logs = version, now
	}
	return now.Since(a.configured.logs), nil
}

// version is that of the configuration with which the Collector works; "" while it does not.
func (a *arm) version(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var text []byte
	if err := a.launch.client.Get(ctx, a.collectorHealth(), &text); err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}

// collectorState is what the Collector says about itself; that it does not answer if it does not work.
func (a *arm) collectorState(ctx context.Context) (lever.CollectorState, error) {
	s, err := stateOf(
		func() bool { return a.view.Probe(ctx, a.collectorHealth()) },
		func() ([]byte, error) { return a.selfMetrics(ctx) },
	)
	return s, a.ofCollector(err)
}

// stateOf reads the state of a Collector that works before and after its metrics are read. In between the guard may have made it take a
// configuration: its metrics are those of the next Collector then, which serves them before it receives anything.
func stateOf(works func() bool, metrics func() ([]byte, error)) (lever.CollectorState, error) {
	if !works() {
		return lever.CollectorState{}, nil
	}
	text, err := metrics()
	if !works() { // it stopped meanwhile
		return lever.CollectorState{}, nil
	}
	if err != nil {
		return lever.CollectorState{}, err
	}
	s, err := collector.ParseState(bytes.NewReader(text))
	s.Answers = err == nil
	return s, err
}

// askCollector says whether the Collector works, and what it has done since it last took a configuration.
func askCollector(ctx context.Context, a *arm, _ string, _, out any) error {
	s, err := a.collectorState(ctx)
	if err != nil {
		return err
	}
	if a.links != nil {
		a.configured.mu.Lock()
		since, err := a.logsSince(ctx)
		a.configured.mu.Unlock()
		if err != nil {
			return err
		}
		s.LogRecords, s.LogAge = since.LogRecords, since.LogAge().Seconds()
	}
	return answer(s, out)
}
