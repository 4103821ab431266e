package runner

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/secret"
)

// mostShown is the longest text of an example, bytes.
const mostShown = 300

// personal are the beginnings of the attributes, by the semantic conventions, that say who a user is and from where: a report may be
// read by more people than the logs.
var personal = []string{"user.", "enduser.", "session.", "client.", "source.", "network.peer.", "net.peer.", "net.sock.peer.", "geo."}

// address is an address of electronic mail.
var address = regexp.MustCompile(`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`)

// shown is a text without what looks like a credential or an address, cut where it is long.
func shown(text string) string {
	text = address.ReplaceAllString(secret.Hide(text), secret.Hidden)
	if len(text) <= mostShown {
		return text
	}
	end := mostShown
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// shownAttributes are those of some attributes that are wanted, at most as many as an example has, and how many more there are. What
// a query matches is always among them. The values of secrets and of what says who a user is are hidden.
func shownAttributes(of pcommon.Map, match map[string]string, wanted func(key string) bool) (kept map[string]string, left int) {
	kept = map[string]string{}
	for key, value := range match {
		if _, has := of.Get(key); has {
			kept[key] = value
		}
	}
	all := of.AsRaw()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if _, has := kept[key]; has || !wanted(key) {
			continue
		}
		if len(kept) == result.MostAttributes {
			left++
			continue
		}
		value, _ := of.Get(key)
		kept[shown(key)] = shownValue(key, value.AsString())
	}
	if len(kept) == 0 {
		return nil, left
	}
	return kept, left
}

func shownValue(key, value string) string {
	if secret.Named(key) || slices.ContainsFunc(personal, func(p string) bool { return strings.HasPrefix(key, p) }) {
		return secret.Hidden
	}
	return shown(value)
}
