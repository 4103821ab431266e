// Package flametest makes CPU profiles for tests.
package flametest

import (
	"bytes"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// Stack is functions from the outermost to the leaf, separated by ";", that were seen in so many samples.
type Stack struct {
	Calls   string
	Samples int64
}

// Profile is a CPU profile of these stacks in the format of pprof, gzipped, with a sample for each 10 ms.
func Profile(stacks ...Stack) []byte {
	const period = 10 * time.Millisecond
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: int64(period),
	}
	at := map[string]*profile.Location{}
	for _, s := range stacks {
		sample := &profile.Sample{Value: []int64{s.Samples, s.Samples * int64(period)}}
		calls := strings.Split(s.Calls, ";")
		for i := len(calls) - 1; i >= 0; i-- {
			l := at[calls[i]]
			if l == nil {
				id := uint64(len(at) + 1)
				f := &profile.Function{ID: id, Name: calls[i]}
				l = &profile.Location{ID: id, Line: []profile.Line{{Function: f}}}
				at[calls[i]] = l
				p.Function, p.Location = append(p.Function, f), append(p.Location, l)
			}
			sample.Location = append(sample.Location, l)
		}
		p.Sample = append(p.Sample, sample)
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}
