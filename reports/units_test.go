package reports

import (
	"math"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/internal/verdict"
)

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		x    float64
		unit verdict.Unit
		want string
	}{
		{0.00124, verdict.Seconds, "1.24 ms"},
		{0.0124, verdict.Seconds, "12.4 ms"},
		{0.124, verdict.Seconds, "124 ms"},
		{1.2, verdict.Seconds, "1.20 s"},
		{0.9999, verdict.Seconds, "1.00 s"}, // and not 1000 ms
		{203e-6, verdict.Seconds, "203 µs"},
		{12e-9, verdict.Seconds, "12.0 ns"},
		{0, verdict.Seconds, "0 s"},
		{-0.0005, verdict.Seconds, "−500 µs"},
		{3.4e6, verdict.Bytes, "3.40 MB"},
		{0, verdict.Bytes, "0 B"},
		{999, verdict.Bytes, "999 B"},
		{12345, verdict.Count, "12,345"},
		{4, verdict.Count, "4"}, // whole counts have no decimals
		{4.25, verdict.Count, "4.25"},
		{1.5e6, verdict.Count, "1.50 M"},
		{1.5e12, verdict.Seconds, "1,500,000,000,000 s"},
		{2.5, "EUR", "2.50 EUR"}, // a unit of a later version
		{math.NaN(), verdict.Seconds, "n/a"},
		{math.Inf(1), verdict.Bytes, "∞ GB"},
	} {
		if got := amount(c.x, c.unit); got != c.want {
			t.Errorf("amount(%g, %q) = %q, want %q", c.x, c.unit, got, c.want)
		}
	}
}

func TestEffect(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	none := verdict.Interval{Lo: nan, Mid: nan, Hi: nan}
	for _, c := range []struct {
		name        string
		ratio, diff verdict.Interval
		significant bool
		want        string
	}{
		{"plain", verdict.Interval{Lo: 0.091, Mid: 0.123, Hi: 0.152}, none, true, "+12.3 % [+9.1, +15.2]"},
		{"not significant is never a number", verdict.Interval{Lo: -0.01, Mid: 0.02, Hi: 0.05}, none, false, "~"},
		{"down", verdict.Interval{Lo: -0.2, Mid: -0.15, Hi: -0.1}, none, true, "−15 % [−20, −10]"},
		{"wide intervals lose digits", verdict.Interval{Lo: 1.2, Mid: 2.345, Hi: 3.4}, none, true, "+235 % [+120, +340]"},
		{"over a baseline of 0", none, verdict.Interval{Lo: 174e3, Mid: 182e3, Hi: 190e3}, true, "+182 kB [+174, +190]"},
		{"an infinite ratio", verdict.Interval{Lo: inf, Mid: inf, Hi: inf}, verdict.Interval{Lo: 5, Mid: 5, Hi: 5}, true, "+5.00 B [+5.00, +5.00]"},
		{"open", verdict.Interval{Lo: 0.01, Mid: 0.05, Hi: inf}, none, true, "+5.00 % [+1.00, +∞]"},
		{"nothing known", none, none, true, "n/a"},
		{"nothing known, not significant", none, none, false, "n/a"},
	} {
		e := verdict.Effect{Metric: verdict.Metric{ID: "bytes", Unit: verdict.Bytes}, Ratio: c.ratio, Diff: c.diff, Significant: c.significant}
		if got := effect(e); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 240 * time.Millisecond: "240 ms", 3249 * time.Millisecond: "3.2 s", 99 * time.Second: "99.0 s",
		125 * time.Second: "2 min 5 s", -1: "n/a",
	} {
		if got := elapsed(d); got != want {
			t.Errorf("elapsed(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                          "plain",
		"\x1b[31mred\x1b[0m":             "red",
		"\x1b]0;title\x07after":          "after",
		"two\nlines\tand\u00a0more":      "two lines and more",
		"bell\x07 \u202eevil\u2069":      "bell evil",
		"bad \xff byte":                  "bad \uFFFD byte",
		"zero\u200bwidth, 日本語, café, µs": "zerowidth, 日本語, café, µs",
		"ends in escape\x1b":             "ends in escape",
	} {
		a := &verdict.Analysis{Reasons: []string{in}}
		if got := printable(a).Reasons[0]; got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		if a.Reasons[0] != in {
			t.Errorf("%q was changed in place", in)
		}
	}
}
