package reports

import (
	"slices"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// A percentile of a run can be taken in several ways, which give several numbers. Each is named where its number stands.
const (
	// roundsEstimator is that of the toll, its budgets and its controls.
	roundsEstimator = "Hodges-Lehmann centre of the percentiles of rounds, or of merged groups of rounds"
	// launchEstimator is that of benchstat's samples.
	launchEstimator = "a value is the Hodges-Lehmann centre of the rounds of one launch, not the percentile of all its requests"
	// pooledEstimator is that of the distributions.
	pooledEstimator = "percentile of all requests of all rounds, pooled"
)

// estimatorOf names how the latencies of the toll are taken; "" for a metric that can be taken for no other.
func estimatorOf(m verdict.Metric) string {
	switch {
	case m.Quantile > 0:
		return roundsEstimator
	case m.Latency:
		return "Hodges-Lehmann centre of the means of rounds"
	default:
		return ""
	}
}

// tollEstimators says it in a sentence, where the latencies stand; "" where there are none.
func tollEstimators(a *verdict.Analysis) string {
	if !slices.ContainsFunc(metricsOf(a), func(m verdict.Metric) bool { return m.Quantile > 0 }) {
		return ""
	}
	return "A percentile here is the centre (Hodges–Lehmann) of those of the rounds, or of groups of rounds: another number than the " +
		"percentile of all requests together."
}

// pooledEstimators says the same of the distributions.
const pooledEstimators = "These are all requests of all rounds together: their p50 is another number than that of the table, which is the centre of the p50 of the rounds."
