package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
)

// complaints collects what is wrong with an experiment.
type complaints struct{ errs []error }

func (c *complaints) add(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("experiment: "+format, args...))
}

func (c *complaints) oneOf(key, value string, legal []string) {
	if !slices.Contains(legal, value) {
		c.add("%s: unknown value %q: legal values are %s", key, value, strings.Join(legal, ", "))
	}
}

func (c *complaints) err() error { return errors.Join(c.errs...) }

// within complains unless low ≤ value ≤ high.
func within[T cmp.Ordered](c *complaints, key string, value, low, high T) {
	if f, ok := any(value).(float64); (ok && math.IsNaN(f)) || value < low || value > high {
		c.add("%s must be from %v to %v, got %v", key, low, high, value)
	}
}

// url complains unless the text is a base URL. It does not show the text, which may hold a password.
func (c *complaints) url(key, text string) {
	if takenOut(text) {
		c.add("%s: its value was taken out when the experiment was printed: put it in again", key)
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		c.add("%s: want a base URL such as http://127.0.0.1:8080", key)
	}
}
