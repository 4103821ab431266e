package main

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/internal/stats"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// micros formats a time in seconds as whole microseconds with a sign.
func micros(seconds float64) string { return markdown.Number("%+.0f µs", seconds*1e6) }

// signed formats a share as per cent with a sign.
func signed(share float64) string { return markdown.Number("%+.1f %%", 100*share) }

// percent formats a share as per cent.
func percent(share float64) string { return markdown.Number("%.1f %%", 100*share) }

// interval formats an estimate and its ends, each by the same format; it returns none if there is no estimate.
func interval(i verdict.Interval, format func(float64) string) string {
	if math.IsNaN(i.Mid) {
		return markdown.None
	}
	return fmt.Sprintf("%s [%s, %s]", format(i.Mid), format(i.Lo), format(i.Hi))
}

// covers reports whether an interval has ends and holds x.
func covers(i verdict.Interval, x float64) bool { return i.Lo <= x && x <= i.Hi }

// of formats a count and its total, as in 3 of 20.
func of(k, n int) string {
	if n == 0 {
		return markdown.None
	}
	return fmt.Sprintf("%d of %d", k, n)
}

// median returns the median of the finite numbers; NaN if there are none.
func median(xs []float64) float64 {
	return stats.Median(slices.DeleteFunc(slices.Clone(xs), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }))
}

// mean returns the mean; NaN if there are no numbers.
func mean(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	return stat.Mean(xs, nil)
}

// count returns how many elements satisfy a condition.
func count[T any](xs []T, is func(T) bool) int {
	n := 0
	for _, x := range xs {
		if is(x) {
			n++
		}
	}
	return n
}
