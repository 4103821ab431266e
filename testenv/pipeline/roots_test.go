package pipeline

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Only a span of a server that nobody called counts as a request from outside.
func TestCountRoots(t *testing.T) {
	spans := ptrace.NewTraces()
	for _, s := range []struct {
		kind   ptrace.SpanKind
		parent pcommon.SpanID
	}{
		{ptrace.SpanKindServer, pcommon.SpanID{}}, {ptrace.SpanKindServer, pcommon.SpanID{1}}, {ptrace.SpanKindInternal, pcommon.SpanID{}},
		{ptrace.SpanKindConsumer, pcommon.SpanID{}}, {ptrace.SpanKindServer, pcommon.SpanID{}},
	} {
		span := spans.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetKind(s.kind)
		span.SetParentSpanID(s.parent)
	}
	if got := countRoots(spans); got != 2 {
		t.Errorf("%d roots, want 2", got)
	}
}
