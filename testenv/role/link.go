package role

import (
	"net/url"
	"strings"
)

// Link is one link of the role Links: what it takes at Listen it passes on to Target, the service's own address.
type Link struct {
	Service string // behind it; the levers of the link have its name
	Listen  string // host:port; port 0 is a free one
	Target  string // http://host:port, whose requests the link understands, or tcp://host:port
}

// String is SERVICE=LISTEN=TARGET.
func (l Link) String() string { return l.Service + "=" + l.Listen + "=" + l.Target }

// parseLink reads what String writes.
func parseLink(text string) (Link, bool) {
	parts := strings.Split(text, "=")
	if len(parts) != 3 {
		return Link{}, false
	}
	l := Link{Service: parts[0], Listen: parts[1], Target: parts[2]}
	u, err := url.Parse(l.Target)
	if err != nil || u.Scheme != "http" && u.Scheme != "tcp" || u.Path != "" {
		return Link{}, false
	}
	_, service := armName(l.Service)
	_, listen := hostPort(l.Listen)
	_, target := hostPort(u.Host)
	return l, service && listen && target
}

// links is a list of links.
func links(name string, field *[]Link) variable {
	return variable{name: name, field: field,
		get: func() string {
			var texts []string
			for _, l := range *field {
				texts = append(texts, l.String())
			}
			return strings.Join(texts, ",")
		},
		set: func(value string) string {
			var all []Link
			for _, text := range strings.Split(value, ",") {
				l, ok := parseLink(text)
				if !ok {
					return "a comma-separated list, each SERVICE=LISTEN=TARGET with a TARGET of http://host:port or tcp://host:port"
				}
				all = append(all, l)
			}
			*field = all
			return ""
		}}
}
