package role

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// variable is one environment variable, with the field that it sets.
type variable struct {
	name   string
	field  any                              // pointer to the field
	get    func() string                    // the field as text; "" cannot be told from a variable that is not set
	set    func(text string) (legal string) // sets the field; if text is not legal, it returns the legal values instead of ""
	secret bool                             // no message shows its value
}

// check returns the legal values, and whether a value is legal.
type check func(value string) (legal string, ok bool)

func text(name string, field *string, ok check) variable {
	return variable{name: name, field: field,
		get: func() string { return *field },
		set: func(value string) string {
			if legal, ok := ok(value); !ok {
				return legal
			}
			*field = value
			return ""
		}}
}

// baseURL is a URL without a slash at its end.
func baseURL(name string, field *string) variable {
	return variable{name: name, field: field,
		get: func() string { return *field },
		set: func(value string) string {
			u, err := url.Parse(value)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
				return "a base URL, e.g. http://127.0.0.1:8080"
			}
			*field = strings.TrimRight(value, "/")
			return ""
		}}
}

func secret(v variable) variable {
	v.secret = true
	return v
}

// list is values separated by commas.
func list(name string, field *[]string, ok check) variable {
	return variable{name: name, field: field,
		get: func() string { return strings.Join(*field, ",") },
		set: func(value string) string {
			parts := strings.Split(value, ",")
			for _, part := range parts {
				if legal, ok := ok(part); !ok {
					return "a comma-separated list, each " + legal
				}
			}
			*field = parts
			return ""
		}}
}

func integer[T int | int64](name string, field *T, low, high int64) variable {
	return variable{name: name, field: field,
		get: func() string { return strconv.FormatInt(int64(*field), 10) },
		set: func(value string) string {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < low || n > high {
				return fmt.Sprintf("an integer from %d to %d", low, high)
			}
			*field = T(n)
			return ""
		}}
}

func number(name string, field *float64, low, high float64) variable {
	return variable{name: name, field: field,
		get: func() string { return strconv.FormatFloat(*field, 'g', -1, 64) },
		set: func(value string) string {
			x, err := strconv.ParseFloat(value, 64)
			if err != nil || !(x >= low && x <= high) { // in this form NaN is refused, too
				return fmt.Sprintf("a number from %g to %g", low, high)
			}
			*field = x
			return ""
		}}
}

func duration(name string, field *time.Duration, low, high time.Duration, legal string) variable {
	return variable{name: name, field: field,
		get: func() string {
			if *field == 0 {
				return ""
			}
			return field.String()
		},
		set: func(value string) string {
			d, err := time.ParseDuration(value)
			if err != nil || d < low || d > high {
				return legal
			}
			*field = d
			return ""
		}}
}

func interval(name string, field *time.Duration) variable {
	return duration(name, field, leastInterval, 1<<62, fmt.Sprintf("a duration of at least %v, e.g. 500ms", leastInterval))
}

// choice is one of two values.
func choice(name string, field *bool, no, yes string) variable {
	return variable{name: name, field: field,
		get: func() string {
			if *field {
				return yes
			}
			return no
		},
		set: func(value string) string {
			if value != no && value != yes {
				return no + " or " + yes
			}
			*field = value == yes
			return ""
		}}
}

func oneOf(legal ...string) check {
	return func(value string) (string, bool) {
		return strings.Join(legal[1:], " or "), slices.Contains(legal, value)
	}
}

func anything(string) (string, bool) { return "", true }

// token can stand in a header and in a URL as it is, and cannot be guessed.
func token(value string) (string, bool) {
	ok := len(value) >= 16 && len(value) <= 256 &&
		strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
	return "16 to 256 letters and digits", ok
}

func armName(value string) (string, bool) {
	ok := value != "" && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && len(value) <= 64
	return "an arm name of up to 64 of a-z, 0-9 and -", ok
}

func hostPort(value string) (string, bool) {
	_, port, err := net.SplitHostPort(value)
	n, portErr := strconv.Atoi(port)
	return "host:port with a port from 0 to 65535", err == nil && portErr == nil && n >= 0 && n <= 65535
}

// pageURL is a URL with a host.
func pageURL(value string) (string, bool) {
	u, err := url.Parse(value)
	return "http://host:port/path", err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// openAddress is a listen address that may be open to other machines.
func openAddress(value string) (string, bool) {
	_, ok := hostPort(value)
	return "host:port, e.g. 0.0.0.0:4318", ok
}

func listenAddress(value string) (string, bool) {
	if fd, inherited := strings.CutPrefix(value, inheritedPrefix); inherited {
		n, err := strconv.Atoi(fd)
		return "fd:N with N of at least 3, or host:port", err == nil && n >= 3
	}
	_, ok := hostPort(value)
	return "host:port, e.g. 127.0.0.1:0, or fd:3 for an inherited listener", ok
}

func existing(value string) (string, bool) {
	_, err := os.Stat(value)
	return "a file that can be read", err == nil
}
