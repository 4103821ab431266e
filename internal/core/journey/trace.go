package journey

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"

	"go.opentelemetry.io/otel/baggage"
)

// Trace gives every request a trace context of its own and baggage, as W3C Trace Context and W3C Baggage have them. The zero value
// gives none.
type Trace struct {
	On      bool
	Sampled float64 // part of the requests whose context says that they are sampled, which parent-based samplers follow
	Baggage string  // header of the baggage that all requests have, besides session and step; NewBaggage makes it
}

// token is a name in baggage.
var token = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// NewBaggage is the header of baggage.
func NewBaggage(entries map[string]string) (string, error) {
	var bag baggage.Baggage
	for key, value := range entries {
		if !token.MatchString(key) {
			return "", fmt.Errorf("%q is no name in baggage: want letters, digits and any of !#$%%&'*+-.^_`|~", key)
		}
		member, err := baggage.NewMemberRaw(key, value)
		if err != nil {
			return "", fmt.Errorf("%q: %w", key, err)
		}
		if bag, err = bag.SetMember(member); err != nil {
			return "", fmt.Errorf("%q: %w", key, err)
		}
	}
	return bag.String(), nil
}

// set puts the headers into a request, and returns the id of the trace, "" for none.
func (t Trace) set(h http.Header, c Call) string {
	if !t.On {
		return ""
	}
	flags := 0
	if rand.Float64() < t.Sampled { // #nosec G404 -- which requests are sampled is no secret
		flags = 1
	}
	trace := fmt.Sprintf("%016x%016x", rand.Uint64()|1, rand.Uint64()) // never all zeros
	h.Set("traceparent", fmt.Sprintf("00-%s-%016x-%02x", trace, rand.Uint64()|1, flags))
	bag := "perso.step=" + c.step + ",perso.channel=" + c.channel + ",session.id=" + url.PathEscape(c.session)
	if t.Baggage != "" {
		bag = t.Baggage + "," + bag
	}
	h.Set("baggage", bag)
	return trace
}
