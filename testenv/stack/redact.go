package stack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// pseudonymKey is the attribute under which a user appears in telemetry.
const pseudonymKey = "enduser.pseudo.id"

// redacted replaces a value that is withheld.
const redacted = "[redacted]"

// pseudonyms turns user ids into names that are stable within a launch. Without the key of the launch they cannot be turned
// back.
type pseudonyms struct{ key []byte }

// newPseudonyms derives the key from a secret that all services of a launch share. The secret is not written to any file.
func newPseudonyms(secret string) pseudonyms {
	key := sha256.Sum256([]byte("perso pseudonyms " + secret))
	return pseudonyms{key: key[:]}
}

// of returns the pseudonym of a user id: 16 hexadecimal digits, "" for "".
func (p pseudonyms) of(user string) string {
	if user == "" {
		return ""
	}
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(user))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// redactor is a slog.Handler that passes on nothing sensitive. User ids become pseudonyms. E-mail addresses, credentials, and
// values whose contents it cannot see are withheld.
type redactor struct {
	next     slog.Handler
	names    pseudonyms
	least    slog.Level
	exported bool // the record becomes telemetry: an error has the names and the type that the conventions give it
	hits     *redactionSignals
	held     finding // in the attributes of With: every record has them
}

// finding is what was withheld from a record.
type finding struct {
	count int
	hash  string // of the first e-mail address, in the way in which the upstream hashes addresses; "" if there was none
}

func (h redactor) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.least && h.next.Enabled(ctx, level)
}

func (h redactor) Handle(ctx context.Context, r slog.Record) error {
	found := h.held
	clean := slog.NewRecord(r.Time, r.Level, h.text(r.Message, &found), 0)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a, &found))
		return true
	})
	if found.count > 0 {
		clean.AddAttrs(h.hits.hit(ctx, r.PC, found)...)
	}
	return h.next.Handle(ctx, clean)
}

func (h redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a, &h.held)
	}
	h.next = h.next.WithAttrs(clean)
	return h
}

func (h redactor) WithGroup(name string) slog.Handler {
	h.next = h.next.WithGroup(name)
	return h
}

func (h redactor) attr(a slog.Attr, found *finding) slog.Attr {
	v := a.Value.Resolve()
	switch sensitivity(a.Key) {
	case secret:
		found.count++
		return slog.String(a.Key, redacted)
	case identity:
		return slog.String(pseudonymKey, h.names.of(v.String()))
	}
	switch v.Kind() {
	case slog.KindGroup:
		members := v.Group()
		clean := make([]slog.Attr, len(members))
		for i, m := range members {
			clean[i] = h.attr(m, found)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(clean...)}
	case slog.KindString:
		return slog.String(a.Key, h.text(v.String(), found))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok && h.exported {
			return slog.Attr{Value: slog.GroupValue( // without a key, its members stand for themselves
				slog.String(string(semconv.ExceptionMessageKey), h.text(err.Error(), found)),
				slog.String(string(semconv.ErrorTypeKey), errorType(err).Value.AsString()))}
		}
		return slog.Attr{Key: a.Key, Value: h.opaque(v.Any(), found)}
	}
	return slog.Attr{Key: a.Key, Value: v}
}

// opaque passes on the kinds of values whose contents it can see, and withholds the others.
func (h redactor) opaque(v any, found *finding) slog.Value {
	switch v := v.(type) {
	case error:
		return slog.StringValue(h.text(v.Error(), found))
	case []float64:
		return slog.AnyValue(v)
	case []string:
		clean := make([]string, len(v))
		for i, s := range v {
			clean[i] = h.text(s, found)
		}
		return slog.AnyValue(clean)
	}
	return slog.StringValue(fmt.Sprintf("%s %T", redacted, v))
}

// text withholds every word that looks like an e-mail address.
func (h redactor) text(s string, found *finding) string {
	if !strings.Contains(s, "@") {
		return s
	}
	words := strings.Fields(s)
	for i, word := range words {
		if strings.Contains(word, "@") {
			words[i] = redacted
			if found.count++; found.hash == "" {
				found.hash = h.names.of(strings.Trim(word, `"'<>()[]{},;:.!?`))
			}
		}
	}
	return strings.Join(words, " ")
}

type sensitive int

const (
	harmless sensitive = iota
	identity           // becomes a pseudonym
	secret             // is withheld
)

// sensitivity judges an attribute by its name, in any spelling: user.id, user_id, UserID, customerEmail …
func sensitivity(key string) sensitive {
	if key == pseudonymKey {
		return harmless
	}
	flat := strings.NewReplacer(".", "", "_", "", "-", "").Replace(strings.ToLower(key))
	for _, part := range []string{"mail", "password", "token", "authorization", "credential", "secret"} {
		if strings.Contains(flat, part) {
			return secret
		}
	}
	switch flat {
	case "user", "userid", "uid", "enduser", "enduserid", "username", "customer", "customerid", "profileid":
		return identity
	}
	return harmless
}
