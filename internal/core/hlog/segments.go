package hlog

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"go.k6.io/k6/v2/lib"
)

// Whole is the execution segment of a process that has the whole plan.
const Whole = "0:1"

// segments are execution segments of k6 in their order, none of which overlaps another.
type segments []*lib.ExecutionSegment

// parseSegments reads segments such as 0:1/3,2/3:1.
func parseSegments(text string) (segments, error) {
	var all segments
	for part := range strings.SplitSeq(text, ",") {
		from, to, ok := strings.Cut(part, ":")
		if !ok || from == "" || to == "" || len(part) > 200 {
			return nil, fmt.Errorf("%.100q is no execution segment such as 0:1/3", part)
		}
		s, err := lib.NewExecutionSegmentFromString(part)
		if err != nil {
			return nil, fmt.Errorf("execution segment %.100q: %w", part, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// ends are the ends of a segment; lib does not give them.
func ends(s *lib.ExecutionSegment) (from, to *big.Rat) {
	a, b, _ := strings.Cut(s.String(), ":")
	return rat(a), rat(b)
}

// rat is a number that lib has written.
func rat(text string) *big.Rat {
	r, _ := new(big.Rat).SetString(text) // #nosec G113 -- Go has a limit for exponents since 1.17.7, and lib writes none
	return r
}

// sorted returns the segments in their order.
func (s segments) sorted() segments {
	return slices.SortedFunc(slices.Values(s), func(a, b *lib.ExecutionSegment) int {
		af, at := ends(a)
		bf, bt := ends(b)
		return cmp.Or(af.Cmp(bf), at.Cmp(bt))
	})
}

// overlap is a segment that overlaps another one, of sorted ones; nil: there is none.
func (s segments) overlap() *lib.ExecutionSegment {
	for i := 1; i < len(s); i++ {
		_, end := ends(s[i-1])
		if from, _ := ends(s[i]); from.Cmp(end) < 0 {
			return s[i]
		}
	}
	return nil
}

// joined are sorted segments with neighbours made one, e.g. 0:1 of 0:1/3 and 1/3:1.
func (s segments) joined() string {
	var parts []string
	for i := 0; i < len(s); {
		from, to := ends(s[i])
		for i++; i < len(s); i++ {
			next, end := ends(s[i])
			if next.Cmp(to) != 0 {
				break
			}
			to = end
		}
		parts = append(parts, from.RatString()+":"+to.RatString())
	}
	return strings.Join(parts, ",")
}
