package reports

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/catch"
)

// anchors are the places of the catch on the page: catch/FAULT is that of a pass, catch/FAULT/LEVEL that of one of its cells. A pass
// that was skipped has one place for all of its cells.
type anchors struct {
	faults []string   // by Matrix.Faults
	cells  [][]string // by Matrix.Faults and Matrix.Levels
}

// anchorsOf names the places. Names are the user's: what does not fit into an address is replaced, and what is then alike is
// numbered.
func anchorsOf(m *catch.Matrix) anchors {
	var out anchors
	taken := map[string]int{} // by anchor: the number of the last that would have had this name
	free := func(anchor string) string {
		name := anchor
		for taken[name] > 0 {
			taken[anchor]++
			name = fmt.Sprintf("%s-%d", anchor, taken[anchor])
		}
		taken[name] = 1
		return name
	}
	for _, f := range m.Faults {
		fault := free("catch/" + slug(f.Name()))
		var cells []string
		for _, level := range m.Levels {
			if f.Fault.Skipped != "" {
				cells = append(cells, fault)
				continue
			}
			cells = append(cells, free(fault+"/"+slug(level)))
		}
		out.faults, out.cells = append(out.faults, fault), append(out.cells, cells)
	}
	return out
}

// longestSlug is the longest part of an address that is made of a name.
const longestSlug = 60

// slug is a name as a part of an address: letters, digits, points, hyphens and underscores of ASCII.
func slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range name {
		fits := r == '.' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if fits {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
		}
		gap = !fits
		if b.Len() >= longestSlug {
			break
		}
	}
	if b.Len() == 0 {
		return "x"
	}
	return b.String()
}
