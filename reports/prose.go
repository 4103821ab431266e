package reports

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// words are running text with emphasis.
type words []word

type word struct {
	Text   string
	Strong bool
	Code   bool
}

func say(text string) words              { return words{{Text: text}} }
func (w words) say(text string) words    { return append(w, word{Text: text}) }
func (w words) strong(text string) words { return append(w, word{Text: text, Strong: true}) }
func (w words) code(text string) words   { return append(w, word{Text: text, Code: true}) }
func (w words) with(more ...words) words {
	for _, m := range more {
		w = append(append(w, word{Text: " "}), m...)
	}
	return w
}

// plain is the text without emphasis.
func (w words) plain() string {
	var b strings.Builder
	for _, part := range w {
		b.WriteString(part.Text)
	}
	return b.String()
}

// Sentence gives the text a capital and a stop.
func (w words) Sentence() words {
	if len(w) == 0 {
		return w
	}
	out := append(words{}, w...)
	out[0].Text = capital(out[0].Text)
	if end := &out[len(out)-1]; !strings.HasSuffix(end.Text, ".") && !strings.HasSuffix(end.Text, "?") {
		out = out.say(".")
	}
	return out
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

func small(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToLower(r)) + s[size:]
}
