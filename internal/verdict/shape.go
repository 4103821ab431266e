package verdict

import "github.com/tollgate-dev/tollgate/internal/core/result"

// shapePoints are the quantiles of a Shape, where enough requests support them.
func shapePoints() []float64 {
	return []float64{0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999}
}

// shapes are the latency distributions of all arms. They are pictures, not estimates: nothing is judged by them, so the
// requests of all rounds may be thrown together.
func (m *measured) shapes() []Shape {
	var out []Shape
	for arm, a := range m.run.Arms {
		h := result.NewHistogram()
		for _, launch := range m.launches {
			for _, r := range launch {
				h.Merge(r.response[arm])
			}
		}
		s := Shape{Arm: a}
		for _, q := range shapePoints() {
			n := float64(h.TotalCount())
			if n == 0 || n*(1-q) < beyondMean || q > 0 && n*q < beyondMean {
				continue
			}
			s.Points = append(s.Points, Quantile{q, float64(h.ValueAtQuantile(100*q)) / 1e9})
		}
		out = append(out, s)
	}
	return out
}
