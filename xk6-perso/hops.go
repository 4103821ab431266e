package perso

import (
	"slices"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// hop is what a histogram of parts is of: the step and the kind of its tag.
type hop struct{ step, kind string }

// Names of hops come from answers, and a name that is another in every answer must not cost memory without end.
const (
	mostHops  = 8
	otherHops = "other" // where the time of all further hops goes
)

// parts takes the parts of an answer's service time, in the toll phase, if it is of the main step and says them.
func (r *record) parts(step string, hops []slot.Hop, service time.Duration) {
	if r.run.order.Phase != slot.Toll || step != r.run.order.Main || len(hops) == 0 {
		return
	}
	own, outermost := slot.OwnTimes(hops)
	var named []slot.Hop
	for _, h := range own {
		named = slot.AddHop(named, slot.Hop{Name: r.books.known(h.Name), Took: h.Took})
	}
	for _, h := range named {
		result.Record(r.part(hop{h.Name, result.Own}), h.Took)
	}
	result.Record(r.part(hop{step, result.Outside}), max(0, service-outermost))
}

// part is the histogram of a part.
func (r *record) part(of hop) *hdr.Histogram {
	h, ok := r.hops[of]
	if !ok {
		h = r.books.histogram()
		r.hops[of] = h
	}
	return h
}

// known is the name under which a hop is kept; the lock is held.
func (b *recorder) known(name string) string {
	switch {
	case slices.Contains(b.names, name):
		return name
	case len(b.names) >= mostHops:
		return otherHops
	}
	b.names = append(b.names, name)
	return name
}

// hops are all that a record may have histograms of, in the order in which they are written.
func (b *recorder) hops(main string) []hop {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []hop{{main, result.Outside}}
	for _, name := range b.names {
		out = append(out, hop{name, result.Own})
	}
	if !slices.Contains(b.names, otherHops) {
		out = append(out, hop{otherHops, result.Own})
	}
	return out
}
