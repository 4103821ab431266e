package volume

import (
	"maps"
	"slices"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatautil"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tollgate-dev/tollgate/internal/core/result"
)

// identity tells attributes, or values of one, apart.
type identity = [16]byte

func (t *Tally) metrics(all pmetric.Metrics, batches []message) {
	for i, r := range all.ResourceMetrics().All() {
		service, left := serviceOf(r.Resource()), at(batches, i).size
		instance := attribute(r.Resource(), "service.instance.id")
		scopes := within(at(batches, i), scopeField)
		for j, scope := range r.ScopeMetrics().All() {
			items := within(at(scopes, j), itemField)
			for k, m := range scope.Metrics().All() {
				n := at(items, k).size
				p := t.part(key{result.InMetrics, service, short(m.Name()), ""})
				p.add(t.points(p, instance, m), n)
				left -= n
			}
		}
		t.part(key{signal: result.InMetrics, rest: result.RestBatches}).add(1, left)
	}
}

// points looks at the data points of a metric, and returns how many there are. A series in Prometheus is a number; a classic histogram
// is one for every bucket, the last of which has no bound, and one each for sum and count.
func (t *Tally) points(p *part, instance string, m pmetric.Metric) (n int64) {
	see := func(attributes pcommon.Map, series int) {
		n++
		t.see(p, instance, attributes, int64(series))
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, d := range m.Gauge().DataPoints().All() {
			see(d.Attributes(), 1)
		}
	case pmetric.MetricTypeSum:
		for _, d := range m.Sum().DataPoints().All() {
			see(d.Attributes(), 1)
		}
	case pmetric.MetricTypeHistogram:
		for _, d := range m.Histogram().DataPoints().All() {
			see(d.Attributes(), d.ExplicitBounds().Len()+3)
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, d := range m.ExponentialHistogram().DataPoints().All() {
			see(d.Attributes(), 1)
		}
	case pmetric.MetricTypeSummary:
		for _, d := range m.Summary().DataPoints().All() {
			see(d.Attributes(), d.QuantileValues().Len()+2)
		}
	}
	return n
}

// see counts the series of a data point if they are new.
func (t *Tally) see(p *part, instance string, attributes pcommon.Map, series int64) {
	id := pdatautil.Hash(pdatautil.WithMap(attributes), pdatautil.WithString(instance))
	if _, known := p.known[id]; known {
		return
	}
	if t.series >= mostSeries {
		t.cut = true
		return
	}
	t.series++
	if p.known == nil {
		p.known, p.values = map[identity]struct{}{}, map[string]map[identity]struct{}{}
	}
	p.known[id] = struct{}{}
	p.series += series
	for name, value := range attributes.All() {
		of := p.values[name]
		if of == nil {
			of = map[identity]struct{}{}
			p.values[name] = of
		}
		if len(of) < mostValues {
			of[pdatautil.ValueHash(value)] = struct{}{}
		} else {
			t.cut = true
		}
	}
}

// widest is the attribute that has the most values, and their number; of several the first by name.
func (p *part) widest() (label string, values int64) {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if n := int64(len(p.values[name])); n > values {
			label, values = short(name), n
		}
	}
	return label, values
}
