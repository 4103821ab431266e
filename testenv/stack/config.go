package stack

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Config is the configuration of a role of the stack. ConfigFromEnv reads it.
type Config struct {
	role.Config

	// Level is what the OTEL_ variables say about which signals are built at all. The SDK itself reads the rest.
	Level Level

	Version string // of the binary, as service.version; "" for one that knows none

	Stdout io.Writer // takes the ready line
	Stderr io.Writer // gets messages about the role's own health; nil: they are dropped

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

// ConfigFromEnv reads the configuration with getenv: see role.FromEnv.
func ConfigFromEnv(getenv func(string) string, stdout io.Writer) (Config, error) {
	told, err := role.FromEnv(getenv)
	return Config{
		Config: told,
		Level: Level{
			Off:     strings.EqualFold(getenv(otelenv.SDKDisabled), "true"),
			Traces:  getenv(otelenv.Traces.Exporter()) != "none",
			Metrics: getenv(otelenv.Metrics.Exporter()) != "none",
			Logs:    getenv(otelenv.Logs.Exporter()) != "none",
		},
		Stdout: stdout,
		Stderr: os.Stderr,
	}, err
}
