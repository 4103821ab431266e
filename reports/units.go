package reports

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// What stands for a number that there is not.
const (
	unknown = "n/a" // not measured, or cannot be computed
	same    = "~"   // no significant change
)

// amount formats a value to three significant digits: 1.24 ms, 84.1 MB (decimal), 12,345.
func amount(x float64, unit verdict.Unit) string {
	if math.IsNaN(x) {
		return unknown
	}
	s := scaleOf(x, unit)
	v := x / s.size
	decimals := digits(v, 3)
	if v == math.Trunc(v) && (unit == verdict.Count || v == 0) {
		decimals = 0
	}
	return fixed(v, decimals) + s.suffix
}

// valueOf formats a value of a metric. Noise may make a value negative from which that at rest is taken off; there is no such quantity,
// and it is shown as what it cannot be told from.
func valueOf(x float64, m verdict.Metric) string {
	if x < 0 {
		return same + amount(0, m.Unit)
	}
	return amount(x, m.Unit)
}

// effect formats a change with its interval: "+12.3 % [+9.1, +15.2]", "~" when it is not significant. A change over
// a baseline of zero has no ratio and is shown in the metric's own unit.
func effect(e verdict.Effect) string {
	switch {
	case !e.Significant:
		if !known(e.Ratio.Mid) && !known(e.Diff.Mid) {
			return unknown
		}
		return same
	case known(e.Ratio.Mid):
		return change(times(e.Ratio, 100), " %")
	default:
		return difference(e)
	}
}

// difference formats a change in the metric's own unit: "+203 µs [+190, +215]".
func difference(e verdict.Effect) string {
	if !known(e.Diff.Mid) {
		return unknown
	}
	s := scaleOf(e.Diff.Mid, e.Metric.Unit)
	return change(times(e.Diff, 1/s.size), s.suffix)
}

// noise formats the interval of the repeated baseline: "[−1.2, +1.4] %".
func noise(e verdict.Effect) string {
	iv, suffix := times(e.Ratio, 100), " %"
	if !known(e.Ratio.Mid) {
		s := scaleOf(math.Max(math.Abs(e.Diff.Lo), math.Abs(e.Diff.Hi)), e.Metric.Unit)
		iv, suffix = times(e.Diff, 1/s.size), s.suffix
	}
	if math.IsNaN(iv.Lo) || math.IsNaN(iv.Hi) {
		return unknown
	}
	return bounds(iv) + suffix
}

// detectable formats the smallest change that would have been seen: "±2.1 %".
func detectable(x float64) string {
	if !known(x) {
		return unknown
	}
	return "±" + fixed(100*x, digits(100*x, 2)) + " %"
}

// elapsed formats a time between two events of a fault: 240 ms, 3.2 s, 2 min 5 s.
func elapsed(d time.Duration) string {
	switch s := d.Seconds(); {
	case d < 0:
		return unknown
	case s >= 119.5:
		whole := int(math.Round(s))
		return strconv.Itoa(whole/60) + " min " + strconv.Itoa(whole%60) + " s"
	case s >= 0.9995:
		return fixed(s, 1) + " s"
	case d == 0:
		return "0 s"
	default:
		return amount(s, verdict.Seconds)
	}
}

// change formats an estimate with its bounds.
func change(iv verdict.Interval, suffix string) string {
	return signed(iv.Mid, precision(iv)) + suffix + " " + bounds(iv)
}

func bounds(iv verdict.Interval) string {
	d := precision(iv)
	return "[" + signed(iv.Lo, d) + ", " + signed(iv.Hi, d) + "]"
}

// precision is the number of decimals of an interval by the rule of the Particle Data Group: the half-width gets two
// significant digits when they are 35 or less and one otherwise; more would be noise.
func precision(iv verdict.Interval) int {
	half := (iv.Hi - iv.Lo) / 2
	if !known(half) || half <= 0 {
		largest := 0.0 // of what is finite
		for _, x := range []float64{iv.Lo, iv.Mid, iv.Hi} {
			if known(x) {
				largest = max(largest, math.Abs(x))
			}
		}
		return digits(largest, 3)
	}
	if leading := half / math.Pow(10, math.Floor(math.Log10(half))); leading < 3.55 {
		return digits(half, 2)
	}
	return digits(half, 1)
}

type scale struct {
	size   float64
	suffix string
}

// scaleOf picks the unit prefix for a value. The thresholds lie where rounding would print 1000.
func scaleOf(x float64, unit verdict.Unit) scale {
	scales := []scale{{1, " " + string(unit)}}
	switch unit {
	case verdict.Seconds:
		scales = []scale{{1, " s"}, {1e-3, " ms"}, {1e-6, " µs"}, {1e-9, " ns"}}
	case verdict.Bytes:
		scales = []scale{{1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}, {1, " B"}}
	case verdict.PerSecond:
		scales = []scale{{1, "/s"}}
	case verdict.Count:
		scales = []scale{{1e9, " G"}, {1e6, " M"}, {1, ""}}
	}
	if x == 0 && unit == verdict.Seconds {
		return scales[0]
	}
	for _, s := range scales {
		if math.Abs(x) >= 0.9995*s.size {
			return s
		}
	}
	return scales[len(scales)-1]
}

// perSuffix is what a metric is counted over, behind its short name.
func perSuffix(p verdict.Per) string {
	switch p {
	case verdict.PerThousand:
		return " /1k"
	case verdict.PerMillion:
		return " /1M"
	case verdict.PerArmHour:
		return " /h"
	default:
		return ""
	}
}

// digits is the number of decimals that show x to n significant digits, at most six.
func digits(x float64, n int) int {
	if x == 0 || !known(x) {
		return 0
	}
	_, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', n-1, 64), "e") // after rounding: 0.9999 is 1.00
	magnitude, err := strconv.Atoi(exponent)
	if err != nil {
		return 0
	}
	return min(max(n-1-magnitude, 0), 6)
}

// fixed formats with a number of decimals, thousands separated, and a true minus sign.
func fixed(x float64, decimals int) string {
	switch {
	case math.IsNaN(x):
		return unknown
	case math.IsInf(x, 1):
		return "∞"
	case math.IsInf(x, -1):
		return "−∞"
	case math.Abs(x) >= 1e15: // no real run; at least it fits
		return strings.Replace(strconv.FormatFloat(x, 'g', 3, 64), "-", "−", 1)
	}
	text := strconv.FormatFloat(math.Abs(x), 'f', decimals, 64)
	integer, fraction, _ := strings.Cut(text, ".")
	for i := len(integer) - 3; i > 0; i -= 3 {
		integer = integer[:i] + "," + integer[i:]
	}
	if fraction != "" {
		integer += "." + fraction
	}
	if x < 0 && strings.ContainsAny(integer, "123456789") {
		return "−" + integer
	}
	return integer
}

func signed(x float64, decimals int) string {
	text := fixed(x, decimals)
	if x > 0 && text != unknown && strings.ContainsAny(text, "123456789∞") {
		return "+" + text
	}
	return text
}

func times(iv verdict.Interval, by float64) verdict.Interval {
	return verdict.Interval{Lo: iv.Lo * by, Mid: iv.Mid * by, Hi: iv.Hi * by}
}

// known reports whether x is a number that can be printed and placed.
func known(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
