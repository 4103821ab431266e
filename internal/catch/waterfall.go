package catch

import "github.com/tollgate-dev/tollgate/internal/core/result"

// Bar is a span of a waterfall.
type Bar struct {
	result.TraceSpan
	Depth int // how many of the spans that are there it is part of
}

// waterfall puts the spans of a trace below those that they are part of. They are in order of their start, and stay so below one
// span. A span whose parent is not there, or that is said to be part of itself, stands for itself.
func waterfall(spans []result.TraceSpan) []Bar {
	there := map[string]bool{}
	for _, s := range spans {
		there[s.ID] = true
	}
	children := map[string][]int{}
	for i, s := range spans {
		if there[s.Parent] {
			children[s.Parent] = append(children[s.Parent], i)
		}
	}
	var out []Bar
	placed := make([]bool, len(spans))
	var place func(i, depth int)
	place = func(i, depth int) {
		if placed[i] {
			return
		}
		placed[i] = true
		out = append(out, Bar{spans[i], depth})
		for _, child := range children[spans[i].ID] {
			place(child, depth+1)
		}
	}
	for i, s := range spans {
		if !there[s.Parent] {
			place(i, 0)
		}
	}
	for i := range spans { // what is part of itself by a circle
		place(i, 0)
	}
	return out
}
