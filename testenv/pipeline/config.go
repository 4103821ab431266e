package pipeline

import (
	"fmt"
	"io"
	"os"
	"time"

	configuration "github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/role"
	"github.com/tollgate-dev/tollgate/testenv/volume"
)

// Defaults of Config. An interval of 500 ms is the usual 30 s, time-lapsed by 60.
const (
	DefaultInterval = 500 * time.Millisecond
	// lookbackIntervals is how many intervals old a sample may be to count as current: Prometheus's own 5 minutes, in
	// the usual intervals of 30 s.
	lookbackIntervals = 10
)

// Config is the configuration of the telemetry back end of one arm.
type Config struct {
	role.Config

	Tail *configuration.Tail // tail sampling of traces, from TailSampling; nil: every span that arrives is kept

	Stdout io.Writer // gets the ready line
	Stderr io.Writer // gets warnings and errors of the Collector and of Prometheus

	tap *volume.Tap // stands before the Collector
}

// ConfigFromEnv reads the configuration of the telemetry role with getenv: see role.FromEnv.
func ConfigFromEnv(getenv func(string) string, stdout io.Writer) (Config, error) {
	told, err := role.FromEnv(getenv)
	if err != nil {
		return Config{}, err
	}
	c := Config{Config: told, Stdout: stdout, Stderr: os.Stderr}
	if c.Tail, err = configuration.ParseTail(told.TailSampling); err != nil {
		return Config{}, fmt.Errorf("pipeline: %w", err)
	}
	return c, c.check()
}

// check returns an error for a configuration that cannot work, before anything starts.
func (c Config) check() error {
	if err := c.Require(role.Telemetry, &c.Arm); err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	return nil
}

// withDefaults replaces zero values by the defaults.
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
		c.Listen = role.DefaultListen
	}
	if c.Stdout == nil {
		c.Stdout = io.Discard
	}
	if c.Stderr == nil {
		c.Stderr = io.Discard
	}
	c.tap = new(volume.Tap)
	return c
}
