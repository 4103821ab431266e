package experiment

import (
	"maps"
	"net/url"
	"regexp"

	"github.com/tollgate-dev/tollgate/testenv"
)

// secretName matches variables whose values stay out of run directories and printed experiments.
var secretName = regexp.MustCompile(`(?i)header|token|secret|passw|api.?key|credential|auth`)

// redacted stands where a secret was.
const redacted = "[redacted]"

// Redact replaces the value of every variable whose name looks like a secret's, or whose value is a URL with a user's name
// or password.
func Redact(env map[string]string) map[string]string {
	out := maps.Clone(env)
	for key, value := range out {
		if u, err := url.Parse(value); secretName.MatchString(key) || err == nil && u.User != nil {
			out[key] = redacted
		}
	}
	return out
}

// redactSystem replaces the URLs that hold a user's name or password.
func redactSystem(s testenv.System) testenv.System {
	safe := func(text string) string {
		if u, err := url.Parse(text); err != nil || u.User != nil {
			return redacted
		}
		return text
	}
	s.URLs, s.Prometheus, s.Proxies = maps.Clone(s.URLs), maps.Clone(s.Prometheus), maps.Clone(s.Proxies)
	for level, text := range s.URLs {
		s.URLs[level] = safe(text)
	}
	for level, p := range s.Prometheus {
		p.URL = safe(p.URL)
		s.Prometheus[level] = p
	}
	for service, p := range s.Proxies {
		p.URL = safe(p.URL)
		s.Proxies[service] = p
	}
	return s
}
