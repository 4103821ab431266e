package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Decidable is the chance that a limit will lie outside an interval when the data have grown until what there is now is this part of
// them, in (0, 1). It is the predictive power of the data so far, on the low side and on the high side together: the estimate is normal, and
// nothing is known of the truth but by this interval, which is one of 95 %. It is 1 where the interval is infinite or unknown: nothing
// speaks against a decision then.
//
// To stop where it is small makes no wrong decision likelier, since to stop decides nothing (futility, not binding).
//
// Source: D. J. Spiegelhalter, L. S. Freedman, P. R. Blackburn: Monitoring clinical trials: conditional or predictive power?, Controlled
// Clinical Trials 7 (1986).
func Decidable(now Interval, limit, part float64) float64 {
	if !now.Finite() || !(part > 0 && part < 1) {
		return 1
	}
	beyond := func(half, room float64) float64 { // that the estimate keeps its final half-width from a limit that is so far away now
		switch {
		case half <= 0 && room > 0:
			return 1
		case half <= 0:
			return 0
		}
		moves := half / distuv.UnitNormal.Quantile(0.975) * math.Sqrt(1-part)
		return distuv.UnitNormal.CDF((room - half*math.Sqrt(part)) / moves)
	}
	return min(1, beyond(now.Hi-now.Mid, limit-now.Mid)+beyond(now.Mid-now.Lo, now.Mid-limit))
}
