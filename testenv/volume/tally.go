package volume

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Limits of a Tally.
const (
	mostNames  = 1000    // that are told apart
	mostShown  = 40      // of each signal, in a Volume
	mostSeries = 100_000 // that are told apart, over all metrics
	mostValues = 10_000  // of one attribute of one metric
	mostText   = 120     // bytes of a name
)

// Tally adds up exports by what they are made of. Its memory is bounded.
type Tally struct {
	arm        string
	parts      map[key]*part
	series     int // told apart so far
	cut        bool
	compressed bool
}

// key names a part.
type key struct{ signal, service, name, rest string }

// part is what came of one key.
type part struct {
	count, bytes, series int64
	known                map[identity]struct{}            // of a metric
	values               map[string]map[identity]struct{} // of a metric, by attribute
}

// NewTally returns a Tally of nothing, for an arm. The arm's name before that of a topic is left out, as are addresses, so that a part has
// the same name in all arms.
func NewTally(arm string) *Tally { return &Tally{arm: arm, parts: map[key]*part{}} }

// Add takes an export apart. It reports whether that was possible; one that is no OTLP is in no part.
func (t *Tally) Add(e Export) bool {
	var err error
	batches := within(message{body: e.Body}, batchField)
	switch e.Signal {
	case result.InSpans:
		var spans ptrace.Traces
		if spans, err = new(ptrace.ProtoUnmarshaler).UnmarshalTraces(e.Body); err == nil {
			t.spans(spans, batches)
		}
	case result.InLogs:
		var logs plog.Logs
		if logs, err = new(plog.ProtoUnmarshaler).UnmarshalLogs(e.Body); err == nil {
			t.logs(logs, batches)
		}
	case result.InMetrics:
		var metrics pmetric.Metrics
		if metrics, err = new(pmetric.ProtoUnmarshaler).UnmarshalMetrics(e.Body); err == nil {
			t.metrics(metrics, batches)
		}
	}
	t.compressed = t.compressed || e.Compressed
	return err == nil
}

func (t *Tally) spans(all ptrace.Traces, batches []message) {
	for i, r := range all.ResourceSpans().All() {
		service, left := serviceOf(r.Resource()), at(batches, i).size
		scopes := within(at(batches, i), scopeField)
		for j, scope := range r.ScopeSpans().All() {
			items := within(at(scopes, j), itemField)
			for k, s := range scope.Spans().All() {
				n := at(items, k).size
				t.part(key{result.InSpans, service, t.name(s.Name()), ""}).add(1, n)
				left -= n
			}
		}
		t.part(key{signal: result.InSpans, rest: result.RestBatches}).add(1, left)
	}
}

func (t *Tally) logs(all plog.Logs, batches []message) {
	for i, r := range all.ResourceLogs().All() {
		service, left := serviceOf(r.Resource()), at(batches, i).size
		scopes := within(at(batches, i), scopeField)
		for j, scope := range r.ScopeLogs().All() {
			items := within(at(scopes, j), itemField)
			for k, record := range scope.LogRecords().All() {
				n := at(items, k).size
				t.part(key{result.InLogs, service, event(record), ""}).add(1, n)
				left -= n
			}
		}
		t.part(key{signal: result.InLogs, rest: result.RestBatches}).add(1, left)
	}
}

// part is the part of a key; beyond the limit, that of the others of its signal.
func (t *Tally) part(k key) *part {
	p := t.parts[k]
	if p == nil && k.rest == "" && len(t.parts) >= mostNames {
		return t.part(key{signal: k.signal, rest: result.RestOthers})
	}
	if p == nil {
		p = &part{}
		t.parts[k] = p
	}
	return p
}

func (p *part) add(count, bytes int64) {
	p.count += count
	p.bytes += bytes
}

// Volume is what has been added up: of each signal the largest parts, and the rest.
func (t *Tally) Volume() result.Volume {
	out := result.Volume{Compressed: t.compressed, SeriesCut: t.cut, Parts: []result.VolumePart{}}
	for _, signal := range signals {
		out.Parts = append(out.Parts, t.of(signal)...)
	}
	return out
}

// of are the parts of a signal.
func (t *Tally) of(signal string) []result.VolumePart {
	var named, rest []result.VolumePart
	others := result.VolumePart{Signal: signal, Rest: result.RestOthers}
	for _, k := range slices.SortedFunc(maps.Keys(t.parts), t.larger) {
		p := t.parts[k]
		one := result.VolumePart{Signal: signal, Service: k.service, Name: k.name, Rest: k.rest, Count: p.count, Bytes: p.bytes, Series: p.series}
		one.Label, one.Values = p.widest()
		switch {
		case k.signal != signal:
		case k.rest == result.RestBatches:
			rest = append(rest, one)
		case k.rest == "" && len(named) < mostShown:
			named = append(named, one)
		default:
			others.Count, others.Bytes, others.Series = others.Count+p.count, others.Bytes+p.bytes, others.Series+p.series
		}
	}
	if others.Bytes > 0 {
		rest = append(rest, others)
	}
	return append(named, rest...)
}

// larger orders keys by their bytes, then by name.
func (t *Tally) larger(a, b key) int {
	return cmp.Or(cmp.Compare(t.parts[b].bytes, t.parts[a].bytes), cmp.Compare(a.service, b.service), cmp.Compare(a.name, b.name), cmp.Compare(a.rest, b.rest))
}

func serviceOf(r pcommon.Resource) string { return attribute(r, "service.name") }

func attribute(r pcommon.Resource, name string) string {
	if v, ok := r.Attributes().Get(name); ok {
		return short(v.AsString())
	}
	return ""
}

// event names what a log record tells: its event, or its text without what differs from record to record.
func event(r plog.LogRecord) string {
	if name := r.EventName(); name != "" {
		return short(name)
	}
	if r.Body().Type() != pcommon.ValueTypeStr {
		return "(" + strings.ToLower(r.Body().Type().String()) + ")"
	}
	words := strings.Fields(short(r.Body().Str()))
	for i, word := range words {
		if strings.ContainsFunc(word, unicode.IsDigit) {
			words[i] = "*"
		}
	}
	return strings.Join(words, " ")
}

// name is that of a span as all arms have it.
func (t *Tally) name(s string) string {
	words := strings.Fields(short(s))
	for i, word := range words {
		if words[i] = role.WithoutArm(t.arm, word); isAddress(word) {
			words[i] = "*"
		}
	}
	return strings.Join(words, " ")
}

// isAddress says that a word is an IP address with a port.
func isAddress(word string) bool {
	_, err := netip.ParseAddrPort(word)
	return err == nil
}

// short is the beginning of a name. One that is no UTF-8 becomes such.
func short(s string) string {
	if len(s) > mostText {
		at := mostText
		for at > 0 && !utf8.RuneStart(s[at]) {
			at--
		}
		s = s[:at] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
