package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tollgate-dev/tollgate/internal/scratch"
)

// Jobs that are scraped. The series of a service of the stack have its service.name as job.
const (
	JobOutside  = "outside"  // what is seen without instrumentation, from PERSO_SCRAPE_URL
	JobPipeline = "pipeline" // the Collector's and Prometheus's metrics about themselves
)

// engine is a running Prometheus without a user interface.
type engine struct {
	cfg      Config
	self     string // host:port at which this process serves its API and its own metrics
	config   *config.Config
	dir      string
	scratch  *scratch.Dir // dir, where it must be removed at the end; otherwise nil
	registry *prometheus.Registry
	logger   *slog.Logger
	parser   parser.Parser
	db       *tsdb.DB
	query    *promql.Engine
	rules    *rules.Manager
	notifier *notifier
	scrape   *scrape.Manager
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// openEngine opens the series and loads the rules; start makes it run. selfAddr is engine.self.
func openEngine(cfg Config, selfAddr string) (_ *engine, err error) {
	e := &engine{cfg: cfg, self: selfAddr, dir: cfg.SeriesDir, registry: prometheus.NewRegistry(), notifier: newNotifier(), parser: parser.NewParser(parser.Options{})}
	e.registry.MustRegister(e.notifier)
	e.logger = slog.New(slog.NewTextHandler(cfg.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if e.config, err = prometheusConfig(cfg, selfAddr, e.logger); err != nil {
		return nil, err
	}
	if e.dir == "" {
		if e.scratch, err = scratch.Make("", "series"); err != nil {
			return nil, fmt.Errorf("pipeline: %w", err)
		}
		e.dir = e.scratch.Path
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if e.db, err = tsdb.Open(e.dir, e.logger, e.registry, tsdbOptions(), nil); err != nil {
		return nil, fmt.Errorf("pipeline: series in %s: %w", e.dir, err)
	}
	e.query = promql.NewEngine(promql.EngineOpts{
		Logger:               e.logger,
		Reg:                  e.registry,
		MaxSamples:           10_000_000,
		Timeout:              30 * time.Second,
		LookbackDelta:        cfg.Lookback,
		EnableAtModifier:     true,
		EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 {
			return cfg.EvalInterval.Milliseconds()
		},
		Parser: e.parser,
	})
	e.scrape, err = scrape.NewManager(&scrape.Options{DiscoveryReloadOnStartup: true, DiscoveryReloadInterval: model.Duration(time.Minute)},
		e.logger, nil, nil, e.db, e.registry)
	if err != nil {
		return nil, fmt.Errorf("pipeline: scraping: %w", err)
	}
	return e, nil
}

// tsdbOptions are for a small database with a short life: nothing is compacted during a run, files grow in small steps, and
// samples may come up to a minute late.
func tsdbOptions() *tsdb.Options {
	o := tsdb.DefaultOptions()
	o.WALSegmentSize = 4 << 20
	o.StripeSize = 256
	o.HeadChunksWriteBufferSize = 64 << 10
	o.OutOfOrderTimeWindow = time.Minute.Milliseconds()
	o.EnableExemplarStorage = true
	o.MaxExemplars = 1000
	// A counter whose first sample is 3 gets a 0 at its start time, so that rate() sees its first increase.
	o.EnableSTAsZeroSample = true
	return o
}

// start starts scraping and evaluation. Both end with stop.
func (e *engine) start(ctx context.Context) error {
	ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	e.rules = rules.NewManager(&rules.ManagerOptions{
		ExternalURL: &url.URL{},
		QueryFunc:   rules.EngineQueryFunc(e.query, e.db),
		NotifyFunc:  e.notifier.notify, // whether alerts fire is read from the series ALERTS
		Context:     ctx,
		Appendable:  e.db,
		Queryable:   e.db,
		Logger:      e.logger,
		Registerer:  e.registry,
		Parser:      e.parser,
	})
	var files []string
	if e.cfg.RulesFile != "" {
		files = append(files, e.cfg.RulesFile)
	}
	if err := e.rules.Update(e.cfg.EvalInterval, files, labels.EmptyLabels(), "", nil); err != nil {
		_, errs := e.rules.LoadGroups(e.cfg.EvalInterval, labels.EmptyLabels(), "", nil, false, files...) // the errors say why
		return fmt.Errorf("pipeline: rules: %w", errors.Join(append(errs, err)...))
	}
	if err := e.scrape.ApplyConfig(e.config); err != nil {
		return fmt.Errorf("pipeline: scraping: %w", err)
	}
	targets := make(chan map[string][]*targetgroup.Group, 1)
	targets <- scrapeTargets(e.config)
	e.running.Go(e.rules.Run)
	e.running.Go(func() {
		if err := e.scrape.Run(targets); err != nil {
			e.logger.Error("scraping ended", "err", err)
		}
	})
	return nil
}

// stop ends scraping and evaluation.
func (e *engine) stop() {
	if e.cancel == nil {
		return
	}
	e.scrape.Stop()
	e.rules.Stop()
	e.running.Wait()
	e.cancel()
}

// close closes the database in such a way that it can be opened again.
func (e *engine) close() error {
	var err error
	if e.query != nil {
		err = e.query.Close()
	}
	if e.db != nil {
		err = errors.Join(err, e.db.Close())
	}
	if err = errors.Join(err, e.scratch.Remove()); err != nil {
		return fmt.Errorf("pipeline: series: %w", err)
	}
	return nil
}

// activeSeries counts the series in the head of the TSDB.
func (e *engine) activeSeries() int64 { return int64(e.db.Head().NumSeries()) }
