package perso

import (
	"errors"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/metrics"
)

// measure is perso.measure(name, fn): it calls fn and keeps how long that took, in the metrics perso_measured and
// perso_measured_failed with the tag name. Where fn returns a promise, it is over when the promise is settled. What fn returns or
// throws comes back unchanged.
func (i *instance) measure(name, fn sobek.Value) sobek.Value {
	label := ""
	if name != nil {
		label, _ = name.Export().(string)
	}
	if label == "" {
		i.must(errors.New(`perso: measure: the first argument must be a name, e.g. measure("query", () => db.query(…))`))
	}
	call, ok := sobek.AssertFunction(fn)
	if !ok {
		i.must(errors.New("perso: measure: the second argument must be a function"))
	}
	if i.vu.State() == nil {
		i.must(errors.New("perso: measure only works while a test runs: call it in the default function"))
	}
	begun := time.Now()
	value, err := call(sobek.Undefined())
	if err != nil {
		i.measured(label, begun, true)
		thrown := new(sobek.Exception)
		if errors.As(err, &thrown) {
			panic(thrown.Value())
		}
		common.Throw(i.vu.Runtime(), err) // an interrupt
	}
	if later, ok := i.settles(value, label, begun); ok {
		return later
	}
	i.measured(label, begun, false)
	return value
}

// settles measures up to the end of a promise, and returns one that ends likewise. It is false for what is no promise.
func (i *instance) settles(value sobek.Value, label string, begun time.Time) (sobek.Value, bool) {
	object, ok := value.(*sobek.Object)
	if !ok {
		return nil, false
	}
	then, ok := sobek.AssertFunction(object.Get("then"))
	if !ok {
		return nil, false
	}
	end := func(failed bool) func(sobek.FunctionCall) sobek.Value {
		return func(c sobek.FunctionCall) sobek.Value {
			i.measured(label, begun, failed)
			if failed {
				panic(c.Argument(0))
			}
			return c.Argument(0)
		}
	}
	later, err := then(object, i.value(end(false)), i.value(end(true)))
	i.must(err)
	return later, true
}

// measured emits the samples of one call.
func (i *instance) measured(label string, begun time.Time, failed bool) {
	state, now := i.vu.State(), time.Now()
	tags := state.Tags.GetCurrentValues().Tags.With("name", label)
	sample := func(m *metrics.Metric, value float64) metrics.Sample {
		return metrics.Sample{TimeSeries: metrics.TimeSeries{Metric: m, Tags: tags}, Time: now, Value: value}
	}
	metrics.PushIfNotDone(i.vu.Context(), state.Samples, metrics.Samples{
		sample(i.metrics.measured, metrics.D(now.Sub(begun))), sample(i.metrics.measuredFailed, metrics.B(failed)),
	})
}
