package pipeline

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	configuration "github.com/tollgate-dev/tollgate/testenv/collector"
)

// Defaults of Config. An interval of 500 ms is the usual 30 s, time-lapsed by 60.
const (
	DefaultInterval = 500 * time.Millisecond
	leastInterval   = 50 * time.Millisecond
	// lookbackIntervals is how many intervals old a sample may be to count as current: Prometheus's own 5 minutes, in
	// the usual intervals of 30 s.
	lookbackIntervals = 10
)

// Config says how the telemetry back end of one arm runs.
type Config struct {
	Arm    string // names the telemetry files
	Listen string // of the Prometheus HTTP API: host:port, or fd:N for an inherited listener; "" is 127.0.0.1:0
	Token  string // bearer token of /control/; without one, /control/ answers nobody

	OTLPHTTP string // where the Collector takes OTLP, host:port; "": a free port of the loopback interface
	OTLPGRPC string // likewise

	TelemetryDir string // gets ARM.spans.jsonl and ARM.logs.jsonl; "": spans and log records are counted and dropped
	SeriesDir    string // the TSDB; "": a scratch directory that is removed at the end
	RulesFile    string // Prometheus rule file; "": none

	Tail *configuration.Tail // tail sampling of traces; nil: every span that arrives is kept

	ScrapeURL      string        // the outside view, http://host:port/path; "": not scraped
	ScrapeInterval time.Duration // zero: DefaultInterval
	EvalInterval   time.Duration // of rule groups that name none; zero: DefaultInterval
	Lookback       time.Duration // how old a sample may be to count as current; zero: ten intervals

	Stdout io.Writer // gets the ready line
	Stderr io.Writer // gets warnings and errors of the Collector and of Prometheus
}

// ConfigFromEnv reads the configuration of the telemetry role from the PERSO_ variables that docs/stack.md lists.
// An error names the variable and what it may be.
func ConfigFromEnv(getenv func(string) string, stdout io.Writer) (Config, error) {
	c := Config{
		Arm:          getenv("PERSO_ARM"),
		Listen:       getenv("PERSO_LISTEN"),
		Token:        getenv("PERSO_CONTROL_TOKEN"),
		OTLPHTTP:     getenv("PERSO_OTLP_HTTP"),
		OTLPGRPC:     getenv("PERSO_OTLP_GRPC"),
		TelemetryDir: getenv("PERSO_TELEMETRY_DIR"),
		SeriesDir:    getenv("PERSO_SERIES_DIR"),
		RulesFile:    getenv("PERSO_RULES_FILE"),
		ScrapeURL:    getenv("PERSO_SCRAPE_URL"),
		Stdout:       stdout,
		Stderr:       os.Stderr,
	}
	for _, d := range []struct {
		name string
		into *time.Duration
	}{
		{"PERSO_SCRAPE_INTERVAL", &c.ScrapeInterval},
		{"PERSO_EVAL_INTERVAL", &c.EvalInterval},
		{"PERSO_LOOKBACK", &c.Lookback},
	} {
		text := getenv(d.name)
		if text == "" {
			continue
		}
		v, err := time.ParseDuration(text)
		if err != nil || v < leastInterval {
			return Config{}, fmt.Errorf("pipeline: %s must be a duration of at least %v, e.g. 500ms, got %q", d.name, leastInterval, text)
		}
		*d.into = v
	}
	var err error
	if c.Tail, err = configuration.ParseTail(getenv(configuration.EnvTail)); err != nil {
		return Config{}, fmt.Errorf("pipeline: %w", err)
	}
	return c, c.check()
}

// check refuses what cannot work, before anything starts.
func (c Config) check() error {
	if c.Arm == "" || strings.ContainsAny(c.Arm, "/\\$") {
		return fmt.Errorf("pipeline: PERSO_ARM must be a name without slashes and dollar signs, got %q", c.Arm)
	}
	if strings.Contains(c.TelemetryDir, "$") {
		return fmt.Errorf("pipeline: PERSO_TELEMETRY_DIR must not contain a dollar sign, got %q", c.TelemetryDir)
	}
	for _, a := range []struct{ name, value string }{{"PERSO_OTLP_HTTP", c.OTLPHTTP}, {"PERSO_OTLP_GRPC", c.OTLPGRPC}} {
		if _, port, err := net.SplitHostPort(a.value); a.value != "" && (err != nil || port == "") {
			return fmt.Errorf("pipeline: %s must be host:port, e.g. 0.0.0.0:4318, got %q", a.name, a.value)
		}
	}
	if c.RulesFile != "" {
		if _, err := os.Stat(c.RulesFile); err != nil {
			return fmt.Errorf("pipeline: PERSO_RULES_FILE: %w", err)
		}
	}
	return nil
}

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	if c.ScrapeInterval == 0 {
		c.ScrapeInterval = DefaultInterval
	}
	if c.EvalInterval == 0 {
		c.EvalInterval = DefaultInterval
	}
	if c.Lookback == 0 {
		c.Lookback = lookbackIntervals * max(c.ScrapeInterval, c.EvalInterval)
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Stdout == nil {
		c.Stdout = io.Discard
	}
	if c.Stderr == nil {
		c.Stderr = io.Discard
	}
	return c
}
