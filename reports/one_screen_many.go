package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// crowded says that one screen has no room for the catch cell by cell, and that there is something to count.
func crowded(a *verdict.Analysis) bool {
	m, f := a.Catch, a.Frontier
	return m != nil && f != nil && len(f.Points) > 0 && (len(m.Faults) > mostFaults || len(m.Levels) > mostSeenLevels)
}

// shortTallies are what the levels caught, in the order of the levels; nil where the matrix says it, or a sweep has its limits instead.
func shortTallies(a *verdict.Analysis) []catch.Tally {
	if !crowded(a) || a.Run.Sweep != nil && len(a.Limits) > 0 {
		return nil
	}
	var out []catch.Tally
	for _, p := range a.Frontier.Points {
		out = append(out, p.Catch)
	}
	return out
}

// judgedAlike is how many faults were judged, where that is the same at all levels; else 0.
func judgedAlike(tallies []catch.Tally) float64 {
	for _, t := range tallies {
		if t.Detected.Of != tallies[0].Detected.Of {
			return 0
		}
	}
	return tallies[0].Detected.Of
}

// tallyCells are how many faults a level detected, and of how many its telemetry named the cause; of how many, unless all levels have
// the same.
func tallyCells(tallies []catch.Tally, level string, same float64) []cell {
	i := slices.IndexFunc(tallies, func(t catch.Tally) bool { return t.Level == level })
	if i < 0 || !(tallies[i].Detected.Of > 0) {
		return texts(unknown, unknown)
	}
	t, of := tallies[i], ""
	if same == 0 {
		of = " of " + parts(t.Detected.Of)
	}
	return texts(parts(t.Detected.Yes)+of, parts(t.Diagnosed.Yes)+of)
}

// pattern is the faults that were detected at the same levels.
type pattern struct {
	at     string // by level, one of detectedAlways …
	faults []string
}

// How a fault fared at a level over its passes.
const (
	detectedAlways = 'd'
	detectedPartly = 'p'
	detectedNever  = 'n'
	neverJudged    = '-'
)

func fared(s catch.Score) byte {
	switch {
	case s.Judged == 0:
		return neverJudged
	case s.Detected == s.Judged:
		return detectedAlways
	case s.Detected > 0:
		return detectedPartly
	default:
		return detectedNever
	}
}

// patternsOf are the patterns of all faults, that of the most faults first.
func patternsOf(f *verdict.Frontier) []pattern {
	var out []pattern
	for i, score := range f.Points[0].Catch.Scores {
		var at strings.Builder
		for _, p := range f.Points {
			at.WriteByte(fared(p.Catch.Scores[i]))
		}
		k := slices.IndexFunc(out, func(p pattern) bool { return p.at == at.String() })
		if k < 0 {
			k = len(out)
			out = append(out, pattern{at: at.String()})
		}
		out[k].faults = append(out[k].faults, score.Fault)
	}
	slices.SortStableFunc(out, func(x, y pattern) int { return cmp.Compare(len(y.faults), len(x.faults)) })
	return out
}

// patternList says at which levels faults were detected, and how many more faults there are than it has room for.
func patternList(f *verdict.Frontier) list {
	var levels []string
	for _, p := range f.Points {
		levels = append(levels, p.Level)
	}
	var out list
	patterns := patternsOf(f)
	for _, p := range patterns[:min(len(patterns), mostPatterns)] {
		names := join(p.faults)
		if len(p.faults) > mostAlike {
			names = few(p.faults)
		}
		out.Items = append(out.Items, item{Sign: p.sign(), Text: fmt.Sprintf("%s %s: %s", count(len(p.faults), "fault"), p.words(levels), names)})
	}
	var more []string
	for _, p := range patterns[len(out.Items):] {
		more = append(more, p.faults...)
	}
	if len(more) > 0 {
		out.Items = append(out.Items, item{Sign: "-", Text: fmt.Sprintf("and %s, detected at other levels again: %s", count(len(more), "more fault"), few(more))})
	}
	return out
}

// sign is that of the best that a level did.
func (p pattern) sign() string {
	switch {
	case strings.ContainsRune(p.at, detectedAlways):
		return stateMark(catch.Detected)
	case strings.ContainsAny(p.at, string([]rune{detectedPartly, detectedNever})):
		return stateMark(catch.Missed)
	default:
		return "-"
	}
}

// words say at which levels the faults of a pattern were detected.
func (p pattern) words(levels []string) string {
	where := func(fared rune) []string {
		var out []string
		for i, at := range p.at {
			if at == fared {
				out = append(out, levels[i])
			}
		}
		return out
	}
	detected, partly, judged := where(detectedAlways), where(detectedPartly), len(levels)-len(where(neverJudged))
	var parts []string
	switch {
	case judged == 0:
		return "judged at no level"
	case len(detected) > 0:
		parts = append(parts, "detected "+atLevels(detected, levels))
	case len(partly) == 0:
		parts = append(parts, "detected at no level")
	}
	if len(partly) > 0 {
		parts = append(parts, "detected in some passes "+atLevels(partly, levels))
	}
	if missed := where(detectedNever); len(missed) > 0 && len(detected)+len(partly) > 0 && len(detected)+len(missed) < len(levels) {
		parts = append(parts, "missed "+atLevels(missed, levels))
	}
	if judged < len(levels) {
		parts = append(parts, "not judged "+atLevels(where(neverJudged), levels))
	}
	return strings.Join(parts, ", ")
}

// atLevels names some of the levels in the fewest words: "at all levels from metrics on".
func atLevels(some, levels []string) string {
	first := slices.Index(levels, some[0])
	others := slices.DeleteFunc(slices.Clone(levels), func(l string) bool { return slices.Contains(some, l) })
	switch {
	case len(others) == 0:
		return "at all levels"
	case len(some) > 1 && slices.Equal(some, levels[first:]):
		return "at all levels from " + some[0] + " on"
	case len(others) < len(some):
		return "at all levels but " + join(others)
	default:
		return "at " + join(some)
	}
}
