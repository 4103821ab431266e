// Package pipeline is the telemetry back end of one arm in one process. The OpenTelemetry Collector takes OTLP from the arm's
// services; Prometheus keeps the series, evaluates the alerting rules and answers queries. Both are the real programs, used as
// libraries.
//
//	services ──OTLP──► Collector ──► spans and log records: files, and counters derived from them
//	                       └──OTLP──► Prometheus ◄──scrape── outside view of the arm, self-metrics of this process
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/testenv/control"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Run serves until the context ends. Then it lets the Collector send what it holds, closes the series and returns. If a part
// cannot start or ends by itself, Run returns early, with an error.
func Run(ctx context.Context, cfg Config) error {
	if err := cfg.check(); err != nil {
		return err
	}
	p := &process{cfg: cfg.withDefaults()}
	if err := p.start(ctx); err != nil {
		return errors.Join(err, p.close())
	}
	return errors.Join(p.wait(ctx), p.close())
}

// process holds the running parts; those that did not start are nil.
type process struct {
	cfg       Config
	listener  net.Listener
	engine    *engine
	collector *operator
	control   *control.Control
	server    *http.Server
	served    chan error // the result of Serve, once
}

// start starts everything and prints the ready line to Config.Stdout.
func (p *process) start(ctx context.Context) (err error) {
	if p.listener, err = role.Listen(p.cfg.Listen); err != nil {
		return err
	}
	addr := p.listener.Addr().String()
	if p.engine, err = openEngine(p.cfg, addr); err != nil {
		return err
	}
	if p.collector, err = newOperator(ctx, p.cfg, addr); err != nil {
		return err
	}
	p.engine.registry.MustRegister(&p.collector.logs)
	p.control = control.New(p.cfg.Token, p.endpoints())
	if err := p.engine.start(ctx); err != nil {
		return err
	}
	p.server = api.Server(onLoopback(addr, p.handler()), maxBody)
	p.served = make(chan error, 1)
	go func() { p.served <- p.server.Serve(p.listener) }() // joined by close
	return child.Announce(p.cfg.Stdout, map[string]string{
		role.AddrHTTP:       addr,
		role.AddrOTLP:       "http://" + p.collector.at[0],
		role.AddrOTLPGRPC:   p.collector.at[1],
		role.AddrPrometheus: "http://" + addr,
	})
}

// wait returns nil when the context ends, or an error when a part has ended by itself.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.collector.lost:
		return err
	case err := <-p.served:
		p.served <- nil
		return fmt.Errorf("pipeline: serving ended by itself: %w", err)
	}
}

// close ends the parts in the order in which data flows: the Collector first, since Prometheus has to take what the Collector
// still holds, and the series last.
func (p *process) close() error {
	var errs []error
	if p.control != nil {
		errs = append(errs, p.control.Close())
	}
	if p.collector != nil {
		errs = append(errs, p.collector.close())
	}
	errs = append(errs, p.cfg.tap.Close())
	if p.engine != nil {
		p.engine.stop()
	}
	if p.server != nil {
		errs = append(errs, p.server.Close())
		if err := <-p.served; err != nil && !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	} else if p.listener != nil {
		errs = append(errs, p.listener.Close())
	}
	if p.engine != nil {
		errs = append(errs, p.engine.close())
	}
	return errors.Join(errs...)
}
