// Package secret keeps credentials out of what people and files get to see: run directories, reports, messages.
package secret

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Hidden stands where a secret was.
const Hidden = "[redacted]"

// Hide replaces what looks like a credential in a text, and leaves the rest: the user of an address, the value of a parameter or
// pair whose key is a secret's, and text that has the form of a key or of random letters. It cannot know a password that looks
// like a word: what is not meant to be shown must be hidden as a whole.
func Hide(text string) string {
	text = pem.ReplaceAllString(text, Hidden)
	text = scheme.ReplaceAllString(text, "${1}"+Hidden)
	text = userOfURL.ReplaceAllString(text, "${1}"+Hidden+"@")
	text = userOfDSN.ReplaceAllString(text, "${1}"+Hidden+"@")
	text = pair.ReplaceAllStringFunc(text, hidePair)
	text = issued.ReplaceAllString(text, Hidden)
	return long.ReplaceAllStringFunc(text, hideRandom)
}

var (
	pem = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)`)

	// scheme is how an Authorization header begins.
	scheme = regexp.MustCompile(`(?i)\b((?:bearer|basic|digest)(?: |%20)+)[\w.~+/=%-]{6,}`)

	// userOfURL takes a password in that has an unescaped slash or @, so that no half of it stays.
	userOfURL = regexp.MustCompile(`(\b[A-Za-z][A-Za-z0-9+.-]*://)(?:[^\s"'<>/?#@]*:[^\s"'<>]*|[^\s"'<>/?#]*)@`)

	// userOfDSN is user:password@host without a scheme, as the drivers of some databases have it.
	userOfDSN = regexp.MustCompile(`(^|[\s"'=,;(])[\w.+-]+:[^\s"'/@\[][^\s"'@]*@`)

	// pair is key=value or key: value, in a query, a list, a connection string, a header, JSON or YAML.
	pair = regexp.MustCompile(`([\w.-]*\w)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)`)

	// issued are keys with a beginning by which their issuers mark them, and JSON web tokens.
	issued = regexp.MustCompile(strings.Join([]string{
		`\bgh[opsur]_\w{16,}`, `\bgithub_pat_\w{16,}`, `\bgl(?:pat|dt|rt|soat)-[\w-]{16,}`, `\bgl(?:sa|c)_[\w=+/-]{16,}`,
		`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}`, `\bAIza[\w-]{20,}`, `\bya29\.[\w-]+`,
		`\b[sr]k[-_][\w-]{16,}`, `\bxox[a-z]-[\w-]{8,}`, `\bxapp-[\w-]{8,}`, `\bSG\.[\w-]{16,}(?:\.[\w-]+)?`,
		`\b(?:npm|hf|dop_v1|shpat|NRAK|pypi|dp\.pt|lin_api|rubygems)[_-][\w-]{16,}`, `\bdt0[a-z]\d\d\.[\w.]{16,}`, `\bhv[sbr]\.[\w-]{16,}`,
		`\bhc[abx][a-z]k_\w{16,}`, `\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?`,
	}, "|"))

	// long may be random: a run of letters and digits, or of the letters of base64.
	long = regexp.MustCompile(`[A-Za-z0-9+/_-]{20,}={0,2}`)
)

func hidePair(match string) string {
	part := pair.FindStringSubmatch(match)
	if !Named(part[1]) {
		// The value may be a pair itself, as in variable=key=value.
		return part[1] + part[2] + pair.ReplaceAllStringFunc(part[3], hidePair)
	}
	if quote := part[3][:1]; quote == `"` || quote == "'" {
		return part[1] + part[2] + quote + Hidden + quote
	}
	return part[1] + part[2] + Hidden
}

// run is a part of a long text without punctuation.
var run = regexp.MustCompile(`[A-Za-z0-9]{20,}`)

// randomLeast is the share of changes from which on a long text is taken as random. Random letters and digits have about 0.45, names
// with words of five letters 0.2.
const randomLeast = 0.22

// hideRandom hides the random runs of a long text, or all of it if it is random as a whole. In a random text the kind of a letter
// changes with almost every second one; in words and names it seldom does.
func hideRandom(text string) string {
	hidden := run.ReplaceAllStringFunc(text, func(r string) string {
		if changes(r) < randomLeast {
			return r
		}
		return Hidden
	})
	upper, lower := strings.IndexFunc(text, unicode.IsUpper) >= 0, strings.IndexFunc(text, unicode.IsLower) >= 0
	random := len(text) >= 32 && upper && lower && changes(text) >= randomLeast
	if random && (hidden == text || !strings.Contains(text, "/")) { // with a slash it may be a path with one random run
		return Hidden
	}
	return hidden
}

// changes is the share of neighbours among a text's letters and digits that are of different kinds: upper case, lower case, digit. A
// capital before a small letter is no change: so names begin, as in CamelCase.
func changes(text string) float64 {
	const upper, lower, digit = 1, 2, 3
	kind := func(r rune) int {
		switch {
		case unicode.IsUpper(r):
			return upper
		case unicode.IsLower(r):
			return lower
		case unicode.IsDigit(r):
			return digit
		}
		return 0
	}
	pairs, different, before := 0, 0, 0
	for _, r := range text {
		now := kind(r)
		if now != 0 && before != 0 {
			pairs++
			if now != before && !(before == upper && now == lower) {
				different++
			}
		}
		before = now
	}
	return float64(different) / float64(max(pairs, 1))
}

// Words of which a secret's name has one.
var words = []string{
	"pass", "passcode", "pw", "key", "keys", "pat", "pin", "otp", "cred", "creds", "auth", "bearer", "jwt", "sas", "sig", "signature",
	"session", "sid", "dsn", "private",
}

// parts make the name of a secret wherever they are in it, for names that run words together.
var parts = []string{
	"password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "accountkey", "privatekey", "credential", "authoriz",
	"cookie", "sessionid", "connectionstring",
}

// Named reports whether a name, of a variable, a parameter or a key, is one that secrets have. It would rather say yes too often.
func Named(name string) bool {
	split := wordsOf(name)
	joined := strings.Join(split, "")
	return slices.ContainsFunc(split, func(w string) bool {
		return slices.Contains(words, w) || strings.HasSuffix(w, "pass") || strings.HasSuffix(w, "pwd")
	}) || slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(joined, p) })
}

// Holds reports whether a variable of this name holds a secret, and not something about one: DB_PASS and AWS_ACCESS_KEY_ID do,
// TOKEN_TTL and MAX_TOKENS do not.
func Holds(name string) bool {
	split := wordsOf(name)
	for len(split) > 1 && slices.Contains([]string{"id", "value", "base64", "b64"}, split[len(split)-1]) {
		split = split[:len(split)-1]
	}
	if len(split) == 0 || strings.HasSuffix(split[len(split)-1], "tokens") {
		return false
	}
	return Named(split[len(split)-1])
}

// wordsOf splits a name at punctuation and where its case rises, in lower case.
func wordsOf(name string) []string {
	var spaced strings.Builder
	before := ' '
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			spaced.WriteRune(' ')
		}
		spaced.WriteRune(unicode.ToLower(r))
		before = r
	}
	return strings.FieldsFunc(spaced.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// Writer passes on what is written to it without what looks like a credential. It looks at each Write by itself.
type Writer struct{ To io.Writer }

// Write reports the length of b, whatever the length of what it passes on.
func (w Writer) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.To, Hide(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
