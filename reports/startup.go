package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// startUps says how long the containers of each launch took until they were ready: those that all arms share each by
// itself, those of the arms by what they are, from the quickest to the slowest; the slowest first. Empty for a run of
// processes, which are all alike.
func startUps(r result.Run) []string {
	var out []string
	for _, s := range r.StartUp {
		if len(s.Parts) == 0 {
			continue
		}
		type spread struct{ least, most time.Duration }
		kinds := map[string]spread{}
		for part, took := range s.Parts {
			kind := kindOf(part, r)
			k, seen := kinds[kind]
			if !seen {
				k.least = took
			}
			kinds[kind] = spread{min(k.least, took), max(k.most, took)}
		}
		names := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
			return cmp.Or(cmp.Compare(kinds[b].most, kinds[a].most), strings.Compare(a, b))
		})
		for i, name := range names {
			k := kinds[name]
			if names[i] = name + " " + amount(k.most.Seconds(), verdict.Seconds); k.least != k.most {
				names[i] = name + " " + amount(k.least.Seconds(), verdict.Seconds) + " to " + amount(k.most.Seconds(), verdict.Seconds)
			}
		}
		out = append(out, fmt.Sprintf("launch %d: %s ready in %s: %s", s.Launch+1, count(s.Processes, "container"),
			amount(s.Total.Seconds(), verdict.Seconds), strings.Join(names, ", ")))
	}
	return out
}

// kindOf is what a container is, without the arm that it belongs to.
func kindOf(part string, r result.Run) string {
	longest := ""
	consider := func(arm string) {
		if strings.HasPrefix(part, arm+"-") && len(arm) > len(longest) { // an arm's name may begin with another's
			longest = arm
		}
	}
	for _, a := range r.Arms {
		consider(a.Name)
	}
	for _, l := range r.Levels {
		consider(l.Name)
	}
	if longest == "" {
		return part
	}
	return strings.TrimPrefix(part, longest+"-")
}
