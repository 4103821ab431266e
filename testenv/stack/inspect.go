package stack

import (
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// reasonUnknownField is why ingest logs a field that the schema does not have.
const reasonUnknownField = "unknown-field"

// inspect reports what is odd in a document that is applied all the same: fields that the schema does not have, and a value that
// cannot be. When the upstream changes, this is odd in thousands of documents, so each kind is logged once in a second.
func (s *ingestSignals) inspect(r *kgo.Record, doc document, unknown []string) {
	if s == nil {
		return
	}
	ctx, log := r.Context, s.tel.log
	if len(unknown) > 0 {
		s.unknown.Add(ctx, int64(len(unknown)))
	}
	for _, field := range unknown {
		if n, ok := s.odd.speak(reasonUnknownField, time.Now()); ok {
			log.LogAttrs(ctx, slog.LevelWarn, "unknown field in a profile update", slog.String("perso.reason", reasonUnknownField),
				slog.String("perso.field", field), slog.String("perso.schema", profileSchema), slog.Int64("perso.batch", doc.Batch),
				slog.Int("perso.repeated", n))
		}
	}
	if attribute, value := doc.implausible(); attribute != "" {
		if n, ok := s.odd.speak(attribute, time.Now()); ok {
			// Such a line shows what the upstream sent, as is usual. If that is personal, only the redactor is in between.
			log.LogAttrs(ctx, slog.LevelWarn, "attribute of a profile update not understood", slog.String("perso.reason", reasonInvalid),
				slog.String("perso.attribute", attribute), slog.String("perso.value", value), slog.Int64("perso.batch", doc.Batch),
				slog.String("user", doc.User), slog.Int("perso.repeated", n))
		}
	}
}

// quiet lets each kind of message be said once in an interval. It is for one goroutine.
type quiet struct {
	every time.Duration
	said  map[string]utterance
}

// utterance is when a message was said last, and how often it was not said since then.
type utterance struct {
	at      time.Time
	skipped int
}

// speak reports whether a message may be said now, and how often it was not said before.
func (q quiet) speak(kind string, now time.Time) (skipped int, ok bool) {
	last := q.said[kind]
	if now.Sub(last.at) >= q.every {
		q.said[kind] = utterance{at: now}
		return last.skipped, true
	}
	q.said[kind] = utterance{last.at, last.skipped + 1}
	return 0, false
}
