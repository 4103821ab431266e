package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tollgate-dev/tollgate/internal/scratch"
)

// conditions are what an evaluation depends on besides the rules and the series.
type conditions struct {
	interval   time.Duration // of groups that name none, and of subqueries without a step
	lookback   time.Duration
	mostPoints int // samples that a query may load
}

// engine evaluates expressions under these conditions.
func (c conditions) engine() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		MaxSamples: c.mostPoints, Timeout: queryLimit, LookbackDelta: c.lookback, EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return c.interval.Milliseconds() }, Parser: newParser(),
	})
}

// mostPoints is the limit of the pipeline's own engine.
const mostPoints = 10_000_000

// queryLimit is how long one evaluation of a rule may take.
const queryLimit = 30 * time.Second

// chunkRange is the time in which samples may be written after newer ones, ms: longer than any query_offset of a run.
const chunkRange = 7 * 24 * 3_600_000

// evaluator has the rules of one arm, and evaluates a group whenever it is told to.
type evaluator struct {
	groups []*rules.Group // in the order of the file
	engine *promql.Engine
	head   *tsdb.Head
	dir    *scratch.Dir
	failed map[string]failure // by rule
}

// failure is a rule that could not be evaluated.
type failure struct {
	times int
	first error
}

// newEvaluator loads the rules of a text in Prometheus's own format. It must be closed.
func newEvaluator(text []byte, recorded *store, c conditions) (_ *evaluator, err error) {
	e := &evaluator{failed: map[string]failure{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("backtest: %w", err), e.close())
		}
	}()
	if e.dir, err = scratch.Make("", "backtest"); err != nil {
		return nil, err
	}
	options := tsdb.DefaultHeadOptions()
	options.ChunkDirRoot, options.ChunkRange, options.StripeSize, options.IsolationDisabled = e.dir.Path, chunkRange, 256, true
	if e.head, err = tsdb.NewHead(nil, slog.New(slog.DiscardHandler), nil, nil, options, nil); err != nil {
		return nil, err
	}
	if err = e.head.Init(math.MinInt64); err != nil {
		return nil, err
	}
	e.engine = c.engine()
	seen := &view{recorded: recorded, written: e.head, names: map[string]bool{alertsMetric: true, forStateMetric: true}}
	manager := rules.NewManager(&rules.ManagerOptions{
		ExternalURL: &url.URL{}, QueryFunc: rules.EngineQueryFunc(e.engine, seen), Context: context.Background(), Appendable: e.head,
		Queryable: seen, Logger: slog.New(slog.DiscardHandler), Parser: newParser(), GroupLoader: loader(text),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	loaded, errs := manager.LoadGroups(c.interval, labels.EmptyLabels(), "", nil, false, rulesFile)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	parsed, err := parseGroups(text)
	if err != nil {
		return nil, err
	}
	for _, g := range parsed {
		e.groups = append(e.groups, loaded[rules.GroupKey(rulesFile, g.Name)])
		for _, r := range g.Rules {
			if r.Record != "" {
				seen.names[r.Record] = true
			}
		}
	}
	for _, g := range e.groups {
		for _, r := range g.AlertingRules() {
			r.SetRestored(true) // there is no state of an earlier process; without this no ALERTS are written
		}
	}
	return e, nil
}

// Metrics that Prometheus writes of alerts.
const (
	alertsMetric   = "ALERTS"
	forStateMetric = "ALERTS_FOR_STATE"
)

// eval evaluates a group at a time. What its rules could not do is counted in failed.
func (e *evaluator) eval(ctx context.Context, g *rules.Group, at time.Time) {
	g.Eval(ctx, at)
	for _, r := range g.Rules() {
		if err := r.LastError(); err != nil {
			f := e.failed[r.Name()]
			if f.times++; f.first == nil {
				f.first = err
			}
			e.failed[r.Name()] = f
		}
	}
}

// close removes what was written.
func (e *evaluator) close() error {
	var errs []error
	if e.engine != nil {
		errs = append(errs, e.engine.Close())
	}
	if e.head != nil {
		errs = append(errs, e.head.Close())
	}
	return errors.Join(append(errs, e.dir.Remove())...)
}

// loader gives the rule manager a text in the place of a file.
type loader []byte

// Load implements rules.GroupLoader.
func (l loader) Load(string, bool, model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	return rulefmt.Parse(l, false, model.UTF8Validation, newParser(), slog.New(slog.DiscardHandler))
}

// Parse implements rules.GroupLoader.
func (l loader) Parse(query string) (parser.Expr, error) { return newParser().ParseExpr(query) }

func newParser() parser.Parser { return parser.NewParser(parser.Options{}) }
