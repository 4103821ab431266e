package resample

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/internal/evidence"
)

// channelAttribute names the channel over which a request came.
const channelAttribute = "perso.channel"

// trace is what a policy can know of a trace.
type trace struct {
	channel    string // "": no span of it names one
	failed     bool   // the status of some span is error
	start, end int64  // of all its spans, ns
	spans      int
}

func (t trace) took() time.Duration { return time.Duration(t.end - t.start) }

// traces are those of one level.
type traces struct {
	byID  map[pcommon.TraceID]*trace
	order []*trace // as they begin in the file
}

// readTraces reads a file of spans.
func readTraces(path string) (*traces, error) {
	out := &traces{byID: map[pcommon.TraceID]*trace{}}
	return out, evidence.EachLine(path, out.line)
}

func (all *traces) line(line []byte) error {
	read, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(line)
	if err != nil {
		return err
	}
	for _, resource := range read.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				all.add(span)
			}
		}
	}
	return nil
}

func (all *traces) add(span ptrace.Span) {
	start, end := span.StartTimestamp().AsTime().UnixNano(), span.EndTimestamp().AsTime().UnixNano()
	t, known := all.byID[span.TraceID()]
	if !known {
		t = &trace{start: start, end: end}
		all.byID[span.TraceID()], all.order = t, append(all.order, t)
	}
	t.start, t.end, t.spans = min(t.start, start), max(t.end, end), t.spans+1
	t.failed = t.failed || span.Status().Code() == ptrace.StatusCodeError
	if channel, has := span.Attributes().Get(channelAttribute); has && t.channel == "" {
		t.channel = channel.AsString()
	}
}

// of is the trace of an id. One of which no span is there is a trace without a channel, that did not fail and took no time.
func (all *traces) of(id pcommon.TraceID) trace {
	if t, known := all.byID[id]; known {
		return *t
	}
	return trace{}
}

// channels counts the traces by channel; those that name none are under "".
func (all *traces) channels() map[string]int {
	out := map[string]int{}
	for _, t := range all.order {
		out[t.channel]++
	}
	return out
}

// amount is a number of traces and of spans.
type amount struct{ traces, spans float64 }

// kept is what is to be expected that a policy keeps of the traces that begin in some windows, and what there is of them.
func (all *traces) kept(p Policy, in []window) (kept, of amount) {
	for _, t := range all.order {
		if !slices.ContainsFunc(in, func(w window) bool { return w.from <= t.start && t.start < w.to }) {
			continue
		}
		chance := p.chance(*t)
		kept.traces, kept.spans = kept.traces+chance, kept.spans+chance*float64(t.spans)
		of.traces, of.spans = of.traces+1, of.spans+float64(t.spans)
	}
	return kept, of
}

// window is a stretch of time, ns; its end is not part of it.
type window struct{ from, to int64 }
