package slot

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const us = time.Microsecond

func TestTiming(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		want  []Hop
	}{
		{"none", nil, nil},
		{"empty", []string{""}, nil},
		{"ours", []string{"gateway;dur=1.234, decision;dur=0.9;in=gateway"}, []Hop{{"gateway", 1234 * us, ""}, {"decision", 900 * us, "gateway"}}},
		{"lines", []string{"a;dur=1", "b;dur=2"}, []Hop{{"a", 1000 * us, ""}, {"b", 2000 * us, ""}}},
		{"twice", []string{"db;dur=1, app;dur=5, db;dur=2"}, []Hop{{"db", 3000 * us, ""}, {"app", 5000 * us, ""}}},
		{"same name in two places", []string{"db;dur=1;in=a, db;dur=2;in=b"}, []Hop{{"db", 1000 * us, "a"}, {"db", 2000 * us, "b"}}},
		{"blanks, capitals, quotes", []string{` db ; DUR = "1.5" ; desc="a, b; dur=9 \" c" ,app;dur=2`}, []Hop{{"db", 1500 * us, ""}, {"app", 2000 * us, ""}}},
		{"no times", []string{"miss, cache;desc=hit, db;dur, app;dur=, x;dur=fast"}, nil},
		{"impossible times", []string{"a;dur=-1, b;dur=NaN, c;dur=Inf, d;dur=1e300, e;dur=60001, f;dur=60000"}, []Hop{{"f", time.Minute, ""}}},
		{"no name", []string{";dur=1, =;dur=2"}, []Hop{{"-", 2000 * us, ""}}},
		{"hostile names", []string{"a/b,<script>;dur=1;in=x/y, \x00\xff\n;dur=1"}, []Hop{{"-script-", 1000 * us, "x-y"}, {"--", 1000 * us, ""}}},
		{"long name", []string{strings.Repeat("n", 100) + ";dur=1"}, []Hop{{strings.Repeat("n", mostHopName), 1000 * us, ""}}},
		{"open quote", []string{`a;desc="x, b;dur=1`, "c;dur=1"}, []Hop{{"c", 1000 * us, ""}}},
		{"quote escaped at the end", []string{`a;desc="\`}, nil},
		{"huge", []string{strings.Repeat("a;dur=1,", mostTimingBytes/8+1)}, nil},
	} {
		if got := Timing(tt.lines); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q gives %v, want %v", tt.name, tt.lines, got, tt.want)
		}
	}
	var many []string
	for _, c := range "abcdefghij" {
		for _, d := range "abcdefghij" {
			many = append(many, string([]rune{c, d})+";dur=1")
		}
	}
	if got := Timing([]string{strings.Join(many, ",")}); len(got) != mostHops {
		t.Errorf("%d hops are read of %d, want %d", len(got), len(many), mostHops)
	}
}

func TestTimingRoundTrip(t *testing.T) {
	want := []Hop{{"gateway", 1234567, ""}, {"decision", 0, "gateway"}, {"a.b-C_1", time.Minute, "decision"}}
	got := Timing([]string{FormatTiming(want)})
	want[0].Took = 1235 * us
	if !slices.Equal(got, want) {
		t.Errorf("%q gives %v, want %v", FormatTiming(want), got, want)
	}
}

func TestOwnTimes(t *testing.T) {
	for _, tt := range []struct {
		name      string
		hops      []Hop
		own       []Hop
		outermost time.Duration
	}{
		{"none", nil, nil, 0},
		{"chain", []Hop{{"g", 10, ""}, {"d", 7, "g"}, {"p", 2, "d"}, {"m", 1, "d"}}, []Hop{{"g", 3, ""}, {"d", 4, ""}, {"p", 2, ""}, {"m", 1, ""}}, 10},
		{"in two places", []Hop{{"g", 10, ""}, {"d", 6, "g"}, {"p", 2, "d"}, {"p", 1, "g"}}, []Hop{{"g", 3, ""}, {"d", 4, ""}, {"p", 3, ""}}, 10},
		{"side by side", []Hop{{"g", 10, ""}, {"a", 8, "g"}, {"b", 9, "g"}}, []Hop{{"g", 0, ""}, {"a", 8, ""}, {"b", 9, ""}}, 10},
		{"flat", []Hop{{"db", 3, ""}, {"app", 5, ""}}, []Hop{{"db", 3, ""}, {"app", 5, ""}}, 8},
		{"within what is not there", []Hop{{"db", 3, "app"}}, []Hop{{"db", 3, ""}}, 3},
		{"within itself", []Hop{{"a", 3, "a"}}, []Hop{{"a", 3, ""}}, 3},
		{"in a circle", []Hop{{"a", 3, "b"}, {"b", 2, "a"}}, []Hop{{"a", 1, ""}, {"b", 0, ""}}, 0},
	} {
		own, outermost := OwnTimes(tt.hops)
		if !slices.Equal(own, tt.own) || outermost != tt.outermost {
			t.Errorf("%s: %v and %d, want %v and %d", tt.name, own, outermost, tt.own, tt.outermost)
		}
	}
}
