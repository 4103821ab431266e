package stack

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config is what a role is told. ConfigFromEnv reads it; the zero value of a field is its default where one is named.
type Config struct {
	Arm         string        // prefix of topics, consumer group and keys
	Listen      string        // host:port, or fd:N for an inherited listener
	DecisionURL string        // base URL
	ModelURL    string        // base URL
	ProfileURL  string        // base URL
	Brokers     []string      // host:port
	RedisAddr   string        // host:port
	Seed        int64         // of the population
	Users       int           // in the population
	Items       int           // in the catalogue
	Token       string        // bearer token of /control/; "" closes it
	Spin        time.Duration // how long the gateway spins per recommend; 0: not at all
	Refresh     float64       // profile records per second that the etl delivers after the first pass; 0: none
	Debug       bool          // log at debug level
	ItemLabels  bool          // per-item metric labels
	Arms        []string      // backing only

	// Level is the part of the OTEL_ variables that decides what gets built at all; the rest is read by the SDK itself.
	Level Level

	Stdout io.Writer // takes the ready line
	Stderr io.Writer // takes the role's own health as text; nil: nowhere

	// Export replaces the exporters that the environment names.
	Export Export

	readyLimit time.Duration // 0: the usual one
}

// Level says which signals exist.
type Level struct {
	Off     bool // OTEL_SDK_DISABLED: no OpenTelemetry on the request path
	Traces  bool // exported
	Metrics bool // exported
	Logs    bool // exported
}

// Defaults of the variables that have one.
const (
	defaultListen  = "127.0.0.1:0"
	defaultUsers   = 1000
	defaultItems   = 200
	defaultRefresh = 20.0
)

// ConfigFromEnv reads the configuration with getenv, strictly: the error names every variable that is wrong and what
// is legal. Which variables are required depends on the role and is checked by its Run.
func ConfigFromEnv(getenv func(string) string, stdout io.Writer) (Config, error) {
	e := env{get: getenv}
	cfg := Config{
		Arm:         e.name("PERSO_ARM"),
		Listen:      e.listen("PERSO_LISTEN"),
		DecisionURL: e.url("PERSO_DECISION_URL"),
		ModelURL:    e.url("PERSO_MODEL_URL"),
		ProfileURL:  e.url("PERSO_PROFILE_URL"),
		Brokers:     e.list("PERSO_KAFKA_BROKERS", e.hostPort),
		RedisAddr:   e.one("PERSO_REDIS_ADDR", e.hostPort),
		Seed:        int64(e.integer("PERSO_SEED", 1, -1<<62, 1<<62)),
		Users:       e.integer("PERSO_USERS", defaultUsers, 1, 1_000_000),
		Items:       e.integer("PERSO_ITEMS", defaultItems, 1, 100_000),
		Token:       getenv("PERSO_CONTROL_TOKEN"),
		Spin:        e.duration("PERSO_SPIN", time.Second),
		Refresh:     e.number("PERSO_REFRESH", defaultRefresh, 0, 100_000),
		Debug:       e.choice("PERSO_LOG_LEVEL", "info", "debug") == "debug",
		ItemLabels:  e.choice("PERSO_ITEM_LABELS", "false", "true") == "true",
		Arms:        e.list("PERSO_ARMS", e.armName),
		Level: Level{
			Off:     strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true"),
			Traces:  getenv("OTEL_TRACES_EXPORTER") != "none",
			Metrics: getenv("OTEL_METRICS_EXPORTER") != "none",
			Logs:    getenv("OTEL_LOGS_EXPORTER") != "none",
		},
		Stdout: stdout,
		Stderr: os.Stderr,
	}
	return cfg, errors.Join(e.errs...)
}

// env reads variables and gathers what is wrong with them.
type env struct {
	get  func(string) string
	errs []error
}

func (e *env) fail(name, legal string) {
	e.errs = append(e.errs, fmt.Errorf("stack: %s must be %s, got %q", name, legal, e.get(name)))
}

// name reads an arm name or "".
func (e *env) name(name string) string { return e.one(name, e.armName) }

// one reads a value that is "" or passes the check, which returns what is legal.
func (e *env) one(name string, check func(string) (legal string, ok bool)) string {
	v := e.get(name)
	if v == "" {
		return ""
	}
	if legal, ok := check(v); !ok {
		e.fail(name, legal)
	}
	return v
}

// list reads a comma-separated list of values that each pass the check; "" is the empty list.
func (e *env) list(name string, check func(string) (legal string, ok bool)) []string {
	v := e.get(name)
	if v == "" {
		return nil
	}
	parts := strings.Split(v, ",")
	for _, part := range parts {
		if legal, ok := check(part); !ok {
			e.fail(name, "a comma-separated list, each "+legal)
			break
		}
	}
	return parts
}

func (*env) armName(v string) (string, bool) {
	ok := v != "" && strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && len(v) <= 64
	return "an arm name of up to 64 of a-z, 0-9 and -", ok
}

func (*env) hostPort(v string) (string, bool) {
	_, port, err := net.SplitHostPort(v)
	n, portErr := strconv.Atoi(port)
	return "host:port with a port from 0 to 65535", err == nil && portErr == nil && n >= 0 && n <= 65535
}

func (e *env) listen(name string) string {
	v := e.get(name)
	if v == "" {
		return defaultListen
	}
	if fd, ok := strings.CutPrefix(v, "fd:"); ok {
		if n, err := strconv.Atoi(fd); err != nil || n < 3 {
			e.fail(name, "fd:N with N of at least 3, or host:port")
		}
		return v
	}
	if _, ok := e.hostPort(v); !ok {
		e.fail(name, "host:port, e.g. 127.0.0.1:0, or fd:3 for an inherited listener")
	}
	return v
}

func (e *env) url(name string) string {
	v := e.get(name)
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" {
		e.fail(name, "a base URL, e.g. http://127.0.0.1:8080")
	}
	return strings.TrimRight(v, "/")
}

func (e *env) integer(name string, unset, low, high int) int {
	v := e.get(name)
	if v == "" {
		return unset
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		e.fail(name, fmt.Sprintf("an integer from %d to %d", low, high))
	}
	return n
}

func (e *env) number(name string, unset, low, high float64) float64 {
	v := e.get(name)
	if v == "" {
		return unset
	}
	x, err := strconv.ParseFloat(v, 64)
	if err != nil || !(x >= low && x <= high) { // written so that NaN is refused
		e.fail(name, fmt.Sprintf("a number from %g to %g", low, high))
	}
	return x
}

// duration reads a duration in (0, high], or 0 when unset.
func (e *env) duration(name string, high time.Duration) time.Duration {
	v := e.get(name)
	if v == "" {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > high {
		e.fail(name, fmt.Sprintf("a duration from 0s to %v, e.g. 200us", high))
	}
	return d
}

// choice reads one of the legal values; the first is the default.
func (e *env) choice(name string, legal ...string) string {
	v := e.get(name)
	if v == "" {
		return legal[0]
	}
	if !slices.Contains(legal, v) {
		e.fail(name, strings.Join(legal, " or "))
	}
	return v
}
