package stats

import "math"

// Subtract is b − a with its interval, for two estimates that are independent of each other, at the confidence that both
// intervals have. Each end is as far from the estimate as the hypotenuse of the two distances that pull it that way: the
// lower end goes down with the lower end of b and the upper end of a. This needs nothing but the two intervals, whatever
// they were made by, and keeps them skewed where they are; of two normal intervals it is the usual one. With few degrees
// of freedom on both sides it is somewhat too wide, since noise seldom is at its worst in both.
//
// Source: G. Y. Zou, A. Donner: Construction of confidence limits about effect measures: a general approach, Statistics in
// Medicine 27 (2008), who call it the method of variance estimates recovery.
//
// Both are NaN if one is; an open end leaves the end that it acts on open.
func Subtract(b, a Interval) Interval {
	mid := b.Mid - a.Mid
	if math.IsNaN(mid + b.Hi - b.Lo + a.Hi - a.Lo) {
		return Interval{math.NaN(), math.NaN(), math.NaN()}
	}
	return Interval{
		Lo:  mid - math.Hypot(b.Mid-b.Lo, a.Hi-a.Mid),
		Mid: mid,
		Hi:  mid + math.Hypot(b.Hi-b.Mid, a.Mid-a.Lo),
	}
}
