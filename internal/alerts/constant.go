package alerts

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// clock are the functions whose value changes with the time alone.
var clock = []string{
	"time", "timestamp", "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year",
}

// constant says whether an expression has one outcome at any time because it reads no series: result.AlwaysTrue, as vector(1)
// does, which is how a dead man's switch is written; result.NeverTrue; or "". An alternative (or) that is always true makes the
// whole so.
func constant(expr parser.Expr) string {
	for {
		paren, ok := expr.(*parser.ParenExpr)
		if !ok {
			break
		}
		expr = paren.Expr
	}
	if b, ok := expr.(*parser.BinaryExpr); ok && b.Op == parser.LOR {
		if constant(b.LHS) == result.AlwaysTrue || constant(b.RHS) == result.AlwaysTrue {
			return result.AlwaysTrue
		}
	}
	fixed := true
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			fixed = false
		case *parser.Call:
			fixed = fixed && !slices.Contains(clock, n.Func.Name)
		}
		return nil
	})
	if !fixed {
		return ""
	}
	engine := emptyEngine()
	nothing := storage.QueryableFunc(func(int64, int64) (storage.Querier, error) { return storage.NoopQuerier(), nil })
	query, err := engine.NewInstantQuery(context.Background(), nothing, nil, expr.String(), time.Unix(0, 0))
	if err != nil {
		return ""
	}
	defer query.Close()
	switch value := query.Exec(context.Background()).Value.(type) {
	case promql.Scalar: // a rule takes a number for a vector of one
		return result.AlwaysTrue
	case promql.Vector:
		if len(value) > 0 {
			return result.AlwaysTrue
		}
		return result.NeverTrue
	default:
		return ""
	}
}

// emptyEngine evaluates expressions that read no series.
var emptyEngine = sync.OnceValue(func() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{MaxSamples: 1000, Timeout: time.Second, Parser: newParser()})
})
