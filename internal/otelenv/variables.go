package otelenv

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// prefix is the beginning of every variable of the specification.
const prefix = "OTEL_"

// variable is what the specification says about one variable.
type variable struct {
	legal  func(value string, reader Reader) string // what is wrong with a value; "" if nothing is; nil: every value is right
	note   func(value string, reader Reader) string // what is surprising about a legal value; nil: nothing
	ours   string                                   // why tollgate's own stack must not have it; "": it may
	secret bool                                     // no message shows its value
}

func (v variable) check(value string, reader Reader) string {
	if v.legal == nil {
		return ""
	}
	return v.legal(value, reader)
}

func (v variable) warn(value string, reader Reader) string {
	if v.note == nil {
		return ""
	}
	return v.note(value, reader)
}

const (
	setByUs = "tollgate sets it: an arm's telemetry goes to the arm's own pipeline"
	unread  = "the OpenTelemetry SDK for Go, which this stack uses, does not read it"
)

// variables are those of the specification.
var variables = build()

func build() map[string]variable {
	text := variable{}
	size := variable{legal: whole(1)}
	limit := variable{legal: whole(0)}
	time := variable{legal: milliseconds}
	all := map[string]variable{
		SDKDisabled:        {legal: boolean},
		ServiceName:        {ours: "tollgate sets it: every service has a name of its own"},
		ResourceAttributes: {legal: pairs},
		Propagators:        {legal: propagators},
		Sampler:            {legal: sampler},
		SamplerArg:         text, // judged with the sampler
		"OTEL_LOG_LEVEL":   text,
		"OTEL_ENTITIES":    text,
		"OTEL_CONFIG_FILE": {ours: unread, note: func(string, Reader) string {
			return "a configuration file replaces the variables: the level is then what the file says"
		}},
		"OTEL_EXPERIMENTAL_CONFIG_FILE": {ours: unread, note: func(string, Reader) string {
			return "a configuration file replaces the variables: the level is then what the file says"
		}},

		"OTEL_BSP_SCHEDULE_DELAY": time, "OTEL_BSP_EXPORT_TIMEOUT": time, "OTEL_BSP_MAX_QUEUE_SIZE": size, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": size,
		"OTEL_BLRP_SCHEDULE_DELAY": time, "OTEL_BLRP_EXPORT_TIMEOUT": time, "OTEL_BLRP_MAX_QUEUE_SIZE": size, "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": size,
		"OTEL_METRIC_EXPORT_INTERVAL": time, "OTEL_METRIC_EXPORT_TIMEOUT": time,
		"OTEL_METRICS_EXEMPLAR_FILTER": {legal: oneOf("always_on", "always_off", "trace_based")},

		"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": limit, "OTEL_ATTRIBUTE_COUNT_LIMIT": limit,
		"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": limit, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": limit,
		"OTEL_SPAN_EVENT_COUNT_LIMIT": limit, "OTEL_SPAN_LINK_COUNT_LIMIT": limit,
		"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": limit, "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": limit,
		"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT": limit, "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT": limit, "OTEL_LOGRECORD_ATTRIBUTE_VALUE_DEPTH_LIMIT": limit,

		"OTEL_EXPORTER_ZIPKIN_ENDPOINT": {ours: unread}, "OTEL_EXPORTER_ZIPKIN_TIMEOUT": {ours: unread},
		"OTEL_EXPORTER_PROMETHEUS_HOST": {ours: scraped}, "OTEL_EXPORTER_PROMETHEUS_PORT": {ours: scraped},

		"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE":        {legal: oneOf("cumulative", "delta", "lowmemory")},
		"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": {legal: oneOf("explicit_bucket_histogram", "base2_exponential_bucket_histogram")},
	}
	for _, s := range Signals() {
		all[s.Exporter()] = variable{legal: exporters(s), note: elsewhere}
	}
	for _, of := range append([]Signal{""}, Signals()...) {
		all[otlp(of, "ENDPOINT")] = variable{legal: address, ours: setByUs}
		all[otlp(of, "PROTOCOL")] = variable{legal: protocol}
		all[otlp(of, "HEADERS")] = variable{legal: pairs, secret: true}
		all[otlp(of, "COMPRESSION")] = variable{legal: oneOf("gzip", "none")}
		all[otlp(of, "TIMEOUT")] = time
		all[otlp(of, "INSECURE")] = variable{legal: boolean, ours: setByUs}
		for _, part := range []string{"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"} {
			all[otlp(of, part)] = variable{ours: setByUs}
		}
	}
	return all
}

// Public reports whether a variable is one of the specification whose value is a setting, in which a credential may be but is not
// expected.
func Public(name string) bool {
	v, known := variables[name]
	return known && !v.secret
}

// Secret reports whether a variable of the specification holds credentials.
func Secret(name string) bool { return variables[name].secret }

// otlp is a variable of the OTLP exporter, of one signal or, with "", of all.
func otlp(of Signal, part string) string {
	if of == "" {
		return "OTEL_EXPORTER_OTLP_" + part
	}
	return "OTEL_EXPORTER_OTLP_" + strings.ToUpper(string(of)) + "_" + part
}

func boolean(value string, _ Reader) string {
	if strings.EqualFold(value, "true") || strings.EqualFold(value, "false") {
		return ""
	}
	return "only the word true means yes: every other value means no"
}

// milliseconds is a time as the specification has it, a plain number.
func milliseconds(value string, reader Reader) string {
	if whole(1)(value, reader) == "" {
		return ""
	}
	return "want a whole number of milliseconds from 1, without a unit"
}

func whole(least int) func(string, Reader) string {
	return func(value string, _ Reader) string {
		if n, err := strconv.Atoi(value); err == nil && n >= least {
			return ""
		}
		return fmt.Sprintf("want a whole number from %d", least)
	}
}

func oneOf(legal ...string) func(string, Reader) string {
	return func(value string, reader Reader) string { return among(value, reader, legal) }
}

// among says that a value is not one of the legal ones. The specification lets readers ignore the case, which not all do; that
// of this stack does not.
func among(value string, reader Reader, legal []string) string {
	is := func(l string) bool { return l == value || reader == System && strings.EqualFold(l, value) }
	if slices.ContainsFunc(legal, is) {
		return ""
	}
	return "legal values are " + strings.Join(legal, ", ")
}

func protocol(value string, reader Reader) string {
	if reader == Stack {
		return among(value, reader, []string{protocolGRPC, protocolHTTP})
	}
	return among(value, reader, []string{protocolGRPC, protocolHTTP, "http/json"})
}

func sampler(value string, reader Reader) string {
	legal := []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}
	if reader == System {
		legal = append(legal, "parentbased_jaeger_remote", "jaeger_remote", "xray")
	}
	if said := among(value, reader, legal); said != "" {
		return said + "; with any other the SDK keeps every trace"
	}
	return ""
}

func propagators(value string, reader Reader) string {
	names := list(value)
	if reader == Stack {
		if slices.Equal(names, []string{"tracecontext", "baggage"}) {
			return ""
		}
		return "this stack always propagates tracecontext,baggage"
	}
	for _, name := range names {
		if said := among(name, reader, []string{"tracecontext", "baggage", "b3", "b3multi", "jaeger", "xray", "ottrace", "none"}); said != "" {
			return said
		}
	}
	return ""
}

// scraped is why metrics for a scraper are not for this stack.
const scraped = "the services of all arms would open the same port, and nothing scrapes it: use otlp"

// exporters are the exporters of a signal. The SDK of this stack takes one.
func exporters(s Signal) func(string, Reader) string {
	return func(value string, reader Reader) string {
		if reader == Stack {
			if s == Metrics && strings.EqualFold(value, "prometheus") {
				return scraped
			}
			if strings.Contains(value, ",") {
				return "this stack takes one exporter per signal: legal values are otlp, console, none"
			}
			return among(value, reader, []string{"otlp", "console", "none"})
		}
		legal := []string{"otlp", "console", "none", "logging", "otlp_file", "otlp_stdout"}
		switch s {
		case Traces:
			legal = append(legal, "zipkin", "jaeger")
		case Metrics:
			legal = append(legal, "prometheus")
		}
		names := list(value)
		for _, name := range names {
			if said := among(name, reader, legal); said != "" {
				return said
			}
		}
		if len(names) == 0 {
			return "legal values are " + strings.Join(legal, ", ")
		}
		if len(names) > 1 && slices.Contains(names, "none") {
			return "none stands alone"
		}
		return ""
	}
}

// elsewhere says that telemetry does not come to tollgate.
func elsewhere(value string, _ Reader) string {
	if names := list(value); len(names) == 0 || slices.Contains(names, "otlp") || slices.Contains(names, "none") {
		return ""
	}
	return "this signal does not go to tollgate's pipeline: its volume is not in the toll, and no alert sees it"
}

// pairs are key=value pairs with commas between them, as in W3C Baggage.
func pairs(value string, _ Reader) string {
	for _, pair := range strings.Split(value, ",") {
		key, v, ok := strings.Cut(pair, "=")
		switch {
		case strings.TrimSpace(pair) == "":
			return "want key=value pairs with commas between them: there is an empty pair, perhaps a comma at the end"
		case !ok || strings.TrimSpace(key) == "":
			return "want key=value pairs with commas between them: one of the pairs has no key or no ="
		}
		if _, err := url.PathUnescape(strings.TrimSpace(v)); err != nil {
			return fmt.Sprintf("the value of %s is not percent-encoded: a %% must be written %%25", strings.TrimSpace(key))
		}
	}
	return ""
}

// address is the endpoint of an exporter.
func address(value string, _ Reader) string {
	if u, err := url.Parse(value); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		return ""
	}
	return "want a URL with its scheme, such as http://collector:4318"
}
