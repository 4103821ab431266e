package stack

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// contentSignals emits the telemetry of content that is read. If it is nil, it does nothing.
type contentSignals struct {
	tel            *telemetry
	items          metric.Int64Counter
	found, missing []metric.AddOption
}

func newContentSignals(tel *telemetry) (*contentSignals, error) {
	if !tel.on() {
		return nil, nil
	}
	s := &contentSignals{tel: tel, found: options("perso.result", "found"), missing: options("perso.result", "missing")}
	var err error
	s.items, err = tel.meter().Int64Counter("perso.content.items", metric.WithDescription("Items whose content was asked for, by result."))
	return s, err
}

// read emits the telemetry of one request for the content of items.
func (s *contentSignals) read(ctx context.Context, ids, missing []string) {
	if s == nil {
		return
	}
	s.items.Add(ctx, int64(len(ids)-len(missing)), s.found...)
	if len(missing) == 0 {
		return
	}
	s.items.Add(ctx, int64(len(missing)), s.missing...)
	// The span has no perso.reason: what is left of the slate may still be shown, and the decision says so if it is not.
	s.tel.tag(ctx, attribute.Int("perso.content.missing", len(missing)), attribute.String("perso.item", missing[0]))
	s.tel.log.LogAttrs(ctx, slog.LevelWarn, "content is not there", slog.String("perso.reason", reasonNoContent),
		slog.Int("perso.content.missing", len(missing)), slog.String("perso.item", missing[0]),
		slog.String("session.id", s.tel.session(ctx)))
}
