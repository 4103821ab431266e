package stack

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestRedaction(t *testing.T) {
	names := newPseudonyms("1")
	pseudonym := names.of("u17")
	type profile struct{ Name, Email string }
	for _, test := range []struct {
		name string
		log  func(*slog.Logger)
		has  string // must be there; "" for nothing in particular
	}{
		{"user", func(l *slog.Logger) { l.Info("m", "user", "u17") }, pseudonymKey + "=" + pseudonym},
		{"dotted", func(l *slog.Logger) { l.Info("m", "enduser.id", "u17") }, pseudonymKey + "=" + pseudonym},
		{"other spelling", func(l *slog.Logger) { l.Info("m", "User_ID", "u17") }, pseudonymKey + "=" + pseudonym},
		{"pseudonym stays", func(l *slog.Logger) { l.Info("m", pseudonymKey, pseudonym) }, pseudonymKey + "=" + pseudonym},
		{"e-mail by name", func(l *slog.Logger) { l.Info("m", "customerEmail", "u17 at example.com") }, redacted},
		{"e-mail by value", func(l *slog.Logger) { l.Info("m", "note", "mailed user17@example.com twice") }, "mailed [redacted] twice"},
		{"e-mail in the message", func(l *slog.Logger) { l.Info("mailed user17@example.com") }, "mailed [redacted]"},
		{"in an error", func(l *slog.Logger) { l.Info("m", "error", errors.New("no user17@example.com")) }, redacted},
		{"struct", func(l *slog.Logger) { l.Info("m", "profile", profile{"u17", "user17@example.com"}) }, redacted},
		{"list", func(l *slog.Logger) { l.Info("m", "to", []string{"user17@example.com"}) }, redacted},
		{"group", func(l *slog.Logger) { l.Info("m", slog.Group("who", "user", "u17", "email", "user17@example.com")) }, pseudonym},
		{"with", func(l *slog.Logger) { l.With("user", "u17").Info("m") }, pseudonym},
		{"with group", func(l *slog.Logger) { l.WithGroup("g").Info("m", "user.id", "u17") }, pseudonym},
		{"token", func(l *slog.Logger) { l.Info("m", "Authorization", "Bearer u17") }, redacted},
		{"harmless", func(l *slog.Logger) { l.Info("m", "session.id", "s1", "n", 3) }, "session.id=s1 n=3"},
	} {
		var out bytes.Buffer
		test.log(slog.New(redactor{next: slog.NewTextHandler(&out, nil), names: names}))
		if !strings.Contains(out.String(), test.has) {
			t.Errorf("%s: got %q, want %q in it", test.name, out.String(), test.has)
		}
		for _, clear := range []string{"u17", "example.com"} {
			if strings.Contains(out.String(), clear) {
				t.Errorf("%s: %q shows %q", test.name, out.String(), clear)
			}
		}
	}
}

// TestRedactionIsCounted: a record says how much was withheld from it, whose address it was and where it was logged.
func TestRedactionIsCounted(t *testing.T) {
	names := newPseudonyms("1")
	hash := " perso.redacted.hash=" + names.of("user17@example.com")
	for _, test := range []struct {
		name string
		log  func(*slog.Logger)
		has  string // of the end of the line; "" if nothing was withheld
	}{
		{"nothing", func(l *slog.Logger) { l.Info("m", "user", "u17", "n", 1) }, ""},
		{"address", func(l *slog.Logger) { l.Info("m", "note", "to <user17@example.com>, again") }, " perso.redacted=1" + hash},
		{"two", func(l *slog.Logger) { l.Info("user17@example.com", "error", errors.New("no user18@example.com")) }, " perso.redacted=2" + hash},
		{"token", func(l *slog.Logger) { l.Info("m", "token", "x") }, " perso.redacted=1"},
		{"with", func(l *slog.Logger) { l.With("note", "user17@example.com").Info("m") }, " perso.redacted=1" + hash},
	} {
		var out bytes.Buffer
		test.log(slog.New(redactor{next: slog.NewTextHandler(&out, nil), names: names}))
		line := out.String()
		if test.has == "" && strings.Contains(line, redactedKey) || test.has != "" && !strings.Contains(line, strings.Fields(test.has)[0]) {
			t.Errorf("%s: %q", test.name, line)
		}
		if strings.Contains(test.has, hash) != strings.Contains(line, hash) {
			t.Errorf("%s: the hash in %q", test.name, line)
		}
		if test.has != "" && !strings.Contains(line, "code.function.name=github.com/tollgate-dev/tollgate/testenv/stack.TestRedactionIsCounted") {
			t.Errorf("%s: not where: %q", test.name, line)
		}
	}
}

func TestRedactorKeepsItsLevel(t *testing.T) {
	h := redactor{next: slog.NewTextHandler(&bytes.Buffer{}, &slog.HandlerOptions{Level: slog.LevelDebug}), least: slog.LevelInfo}
	if h.Enabled(context.Background(), slog.LevelDebug) || !h.Enabled(context.Background(), slog.LevelInfo) {
		t.Error("want info and above, no debug")
	}
}

func TestPseudonyms(t *testing.T) {
	a, b := newPseudonyms("1"), newPseudonyms("2")
	if a.of("u1") != newPseudonyms("1").of("u1") || a.of("u1") == a.of("u2") || a.of("u1") == b.of("u1") || a.of("") != "" {
		t.Error("a pseudonym must be a function of seed and user, and nothing for nobody")
	}
}
