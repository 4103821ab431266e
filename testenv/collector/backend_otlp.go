package collector

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Variables of the back end otlp. The user sets the first two; the Collector reads the first and the last.
const (
	EnvOTLPEndpoint = "TOLLGATE_OTLP_ENDPOINT" // base URL of OTLP over HTTP
	EnvOTLPHeaders  = "TOLLGATE_OTLP_HEADERS"  // as OTEL_EXPORTER_OTLP_HEADERS: name=value,name=value, values percent-encoded
	envHeaderMap    = "TOLLGATE_OTLP_HEADER_MAP"
)

// otlp is any back end that takes OTLP over HTTP, such as that of a vendor. The names of headers are keys of the configuration,
// so the whole mapping comes from the environment: then no name is in the configuration.
func otlp() Backend {
	return Backend{
		Name:    "otlp",
		Title:   "any OTLP back end, such as Datadog, Dynatrace or New Relic",
		Signals: []string{Traces, Logs, Metrics},
		Env:     []string{EnvOTLPEndpoint, EnvOTLPHeaders},
		exporters: func(address string) []exporter {
			if address == "" {
				address = "${env:" + EnvOTLPEndpoint + "}"
			}
			return []exporter{{"otlp_http/otlp", []string{Traces, Logs, Metrics}, object{
				"endpoint": address, "headers": "${env:" + envHeaderMap + "}", "retry_on_failure": retry(),
			}}}
		},
	}
}

// otlpEnviron turns the user's variables into the variables that the configuration refers to.
func otlpEnviron(t Target, getenv func(string) string) (map[string]string, error) {
	env := map[string]string{}
	if t.Address == "" {
		endpoint := getenv(EnvOTLPEndpoint)
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, errors.New(EnvOTLPEndpoint + " must be set to http://host:port or https://host, without the path of a signal")
		}
		env[EnvOTLPEndpoint] = literal(endpoint)
	}
	headers, err := parseHeaders(getenv(EnvOTLPHeaders))
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(headers) // JSON is YAML
	if err != nil {
		return nil, err
	}
	env[envHeaderMap] = literal(string(text))
	return env, nil
}

// parseHeaders reads name=value pairs, separated by commas. Values are percent-decoded.
//
// Source: OpenTelemetry specification, OTLP exporter, "Specifying headers via environment variables".
func parseHeaders(text string) (map[string]string, error) {
	headers := map[string]string{}
	for i, pair := range strings.Split(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" || strings.ContainsFunc(name, notInName) {
			return nil, fmt.Errorf("%s: pair %d must be name=value, with the value percent-encoded", EnvOTLPHeaders, i+1)
		}
		headers[name] = value
	}
	return headers, nil
}

// notInName reports whether the character is illegal in the name of a header. The exporter checks the rest.
func notInName(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`":,;{}`, r) }

// base returns the URL of an address, which may itself be a URL.
func base(scheme, address string) string {
	if !strings.Contains(address, "://") {
		address = scheme + "://" + address
	}
	return strings.TrimSuffix(address, "/")
}
