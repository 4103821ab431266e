package otelenv_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv"
)

type env = map[string]string

// Every value here means something else than it seems to, or cannot work.
func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct {
		env    env
		reader otelenv.Reader
		want   []string // parts of the one finding
	}{
		{env{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10"}, otelenv.Stack, []string{"OTEL_TRACES_SAMPLER_ARG", `"10"`, "0 to 1", "10 % is 0.1"}},
		{env{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0,1"}, otelenv.System, []string{`"0,1"`, "0 to 1"}},
		{env{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "-0.1"}, otelenv.System, []string{"0 to 1"}},
		{env{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, otelenv.System, []string{"0 to 1"}},
		{env{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10%"}, otelenv.System, []string{"0 to 1"}},
		{env{"OTEL_TRACES_SAMPLER_ARG": "0.1"}, otelenv.Stack, []string{"without OTEL_TRACES_SAMPLER"}},
		{env{"OTEL_TRACES_SAMPLER": "always_on", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, otelenv.System, []string{"takes no argument"}},
		{env{"OTEL_TRACES_SAMPLER": "ratio"}, otelenv.System, []string{`"ratio"`, "parentbased_traceidratio"}},
		{env{"OTEL_TRACES_SAMPLER": "jaeger_remote"}, otelenv.Stack, []string{"legal values"}},
		{env{"OTEL_SDK_DISABLED": "1"}, otelenv.System, []string{"OTEL_SDK_DISABLED", `"1"`, "only the word true"}},
		{env{"OTEL_SDK_DISABLED": "yes"}, otelenv.Stack, []string{"only the word true"}},
		{env{"OTEL_RESOURCE_ATTRIBUTES": "team=shop,"}, otelenv.Stack, []string{"OTEL_RESOURCE_ATTRIBUTES", `"team=shop,"`, "comma at the end"}},
		{env{"OTEL_RESOURCE_ATTRIBUTES": "team"}, otelenv.System, []string{"no ="}},
		{env{"OTEL_RESOURCE_ATTRIBUTES": "=shop"}, otelenv.System, []string{"no key"}},
		{env{"OTEL_RESOURCE_ATTRIBUTES": "share=100%"}, otelenv.System, []string{"percent-encoded"}},
		{env{"OTEL_TRACES_EXPORTER": "otlp,console"}, otelenv.Stack, []string{"OTEL_TRACES_EXPORTER", `"otlp,console"`, "one exporter"}},
		{env{"OTEL_TRACES_EXPORTER": "none,otlp"}, otelenv.System, []string{"stands alone"}},
		{env{"OTEL_TRACES_EXPORTER": "OTLP"}, otelenv.Stack, []string{"otlp, console, none"}},
		{env{"OTEL_TRACES_EXPORTER": "otlphttp"}, otelenv.System, []string{`"otlphttp"`, "legal values are otlp"}},
		{env{"OTEL_TRACES_EXPORTER": "zipkin"}, otelenv.Stack, []string{"otlp, console, none"}},
		{env{"OTEL_METRICS_EXPORTER": "prometheus"}, otelenv.Stack, []string{"same port"}},
		{env{"OTEL_LOGS_EXPORTER": "prometheus"}, otelenv.System, []string{"legal values"}},
		{env{"OTEL_EXPORTER_OTLP_PROTOCOL": "http"}, otelenv.System, []string{"grpc, http/protobuf, http/json"}},
		{env{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, otelenv.Stack, []string{"grpc, http/protobuf"}},
		{env{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, otelenv.Stack, []string{"own pipeline"}},
		{env{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, otelenv.System, []string{"a URL with its scheme"}},
		{env{"OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"}, otelenv.System, []string{"gzip, none"}},
		{env{"OTEL_BSP_SCHEDULE_DELAY": "500ms"}, otelenv.Stack, []string{"milliseconds"}},
		{env{"OTEL_BSP_MAX_QUEUE_SIZE": "100"}, otelenv.Stack, []string{"OTEL_BSP_MAX_QUEUE_SIZE", "512 does not fit into a queue of 100"}},
		{env{"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "4096"}, otelenv.System, []string{"4096 does not fit into a queue of 2048"}},
		{env{"OTEL_PROPAGATORS": "b3"}, otelenv.Stack, []string{"tracecontext,baggage"}},
		{env{"OTEL_PROPAGATORS": "w3c"}, otelenv.System, []string{"tracecontext"}},
		{env{"OTEL_SERVICE_NAME": "shop"}, otelenv.Stack, []string{"a name of its own"}},
		{env{"OTEL_TRACE_EXPORTER": "none"}, otelenv.System, []string{"OTEL_TRACE_EXPORTER", "did you mean OTEL_TRACES_EXPORTER?"}},
		{env{"OTEL_METRICS_EXPORT_INTERVAL": "1000"}, otelenv.Stack, []string{"did you mean OTEL_METRIC_EXPORT_INTERVAL?"}},
		{env{"OTEL_ATTRIBUTE_COUNT_LIMIT": "many"}, otelenv.System, []string{"whole number from 0"}},
		{env{"OTEL_METRICS_EXEMPLAR_FILTER": "on"}, otelenv.System, []string{"trace_based"}},
	} {
		found := otelenv.Check(c.env, c.reader)
		if len(found) != 1 || !found[0].Wrong {
			t.Errorf("%v: found %v, want one refusal", c.env, found)
			continue
		}
		for _, part := range c.want {
			if text := found[0].String(); !strings.Contains(text, part) {
				t.Errorf("%v: %q does not say %q", c.env, text, part)
			}
		}
	}
}

func TestCheckWarns(t *testing.T) {
	for _, c := range []struct {
		env    env
		reader otelenv.Reader
		want   string
	}{
		{env{"OTEL_METRICS_EXPORTER": "prometheus"}, otelenv.System, "not in the toll"},
		{env{"OTEL_TRACES_EXPORTER": "console"}, otelenv.Stack, "not in the toll"},
		{env{"OTEL_CONFIG_FILE": "sdk.yaml"}, otelenv.System, "replaces the variables"},
		{env{"OTEL_PYTHON_LOG_LEVEL": "info"}, otelenv.Stack, "SDK for Go"},
		{env{"OTEL_SOMETHING_OF_MINE": "1"}, otelenv.System, "no such variable"},
	} {
		found := otelenv.Check(c.env, c.reader)
		if len(found) != 1 || found[0].Wrong || !strings.Contains(found[0].String(), c.want) {
			t.Errorf("%v: found %v, want a warning that says %q", c.env, found, c.want)
		}
	}
}

// The shipped levels, and what people write, are taken as they are.
func TestCheckAccepts(t *testing.T) {
	for _, l := range testenv.Levels() {
		for _, reader := range []otelenv.Reader{otelenv.Stack, otelenv.System} {
			if found := otelenv.Check(l.Env, reader); len(found) > 0 {
				t.Errorf("level %s: %v", l.Name, found)
			}
		}
	}
	for _, e := range []env{
		{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1e-3"},
		{"OTEL_TRACES_SAMPLER_ARG": "0.1"}, // the sampler may stand in the system's own files
		{"OTEL_TRACES_SAMPLER": "parentbased_jaeger_remote", "OTEL_TRACES_SAMPLER_ARG": "endpoint=http://localhost:14250,pollingIntervalMs=5000"},
		{"OTEL_TRACES_EXPORTER": "otlp,console", "OTEL_METRICS_EXPORTER": "otlp, prometheus"},
		{"OTEL_SDK_DISABLED": "TRUE"}, {"OTEL_SDK_DISABLED": ""}, {"OTEL_SDK_DISABLED": "false"},
		{"OTEL_RESOURCE_ATTRIBUTES": "team=shop,deployment.environment.name=pr%2C1"},
		{"OTEL_INSTRUMENTATION_HTTP_ENABLED": "false", "OTEL_JAVAAGENT_DEBUG": "true", "OTEL_DOTNET_AUTO_HOME": "/otel"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
		{"OTEL_BSP_MAX_QUEUE_SIZE": "4096", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4096"},
		{"SHOP_MODE": "anything"},
	} {
		if found := otelenv.Check(e, otelenv.System); len(found) > 0 {
			t.Errorf("%v: %v", e, found)
		}
	}
}

// A message must not show a secret.
func TestCheckHidesHeaders(t *testing.T) {
	found := otelenv.Check(env{"OTEL_EXPORTER_OTLP_HEADERS": "api-key"}, otelenv.System)
	if len(found) != 1 || strings.Contains(found[0].String(), "api-key") {
		t.Errorf("found %v", found)
	}
	found = otelenv.Check(env{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://me:s3cret@example.com"}, otelenv.Stack)
	if len(found) != 1 || strings.Contains(found[0].String(), "s3cret") {
		t.Errorf("found %v", found)
	}
}

func TestState(t *testing.T) {
	for _, c := range []struct {
		env  env
		want string // traces, metrics, logs
	}{
		{env{}, "unset unset unset"},
		{env{"OTEL_SDK_DISABLED": "True", "OTEL_TRACES_EXPORTER": "otlp"}, "off off off"},
		{env{"OTEL_SDK_DISABLED": "1", "OTEL_TRACES_EXPORTER": "otlp"}, "otlp unset unset"},
		{env{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "always_off"}, "off unset unset"},
		{env{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, "off unset unset"},
		{env{"OTEL_TRACES_EXPORTER": "console,otlp", "OTEL_METRICS_EXPORTER": "prometheus", "OTEL_LOGS_EXPORTER": "none"}, "otlp elsewhere off"},
		{env{"OTEL_TRACES_EXPORTER": "", "OTEL_METRICS_EXPORTER": "console"}, "unset elsewhere unset"},
	} {
		var got []string
		for _, s := range otelenv.Signals() {
			got = append(got, string(s.State(c.env)))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v, want %s", c.env, got, c.want)
		}
	}
}

func TestSampled(t *testing.T) {
	for _, c := range []struct {
		sampler, arg string
		share        float64
		known        bool
	}{
		{"", "0.1", 0, false}, {"always_on", "", 1, true}, {"PARENTBASED_ALWAYS_ON", "", 1, true}, {"parentbased_always_off", "", 0, true},
		{"traceidratio", "0.25", 0.25, true}, {"parentbased_traceidratio", "10", 1, true}, {"traceidratio", "", 1, true}, {"jaeger_remote", "", 0, false},
	} {
		share, known := otelenv.Sampled(env{"OTEL_TRACES_SAMPLER": c.sampler, "OTEL_TRACES_SAMPLER_ARG": c.arg})
		if share != c.share || known != c.known {
			t.Errorf("%s %s: %v, %v", c.sampler, c.arg, share, known)
		}
	}
}

// Whatever a file or a level says about one signal, every signal goes to the pipeline, by a protocol at its own port.
func TestExport(t *testing.T) {
	to := otelenv.Pipeline{HTTP: "http://p:4318", GRPC: "http://p:4317"}
	for _, c := range []struct {
		level, file env
		want        env // what differs from the usual variables
	}{
		{nil, nil, nil},
		{nil, env{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://jaeger:4318/v1/traces", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "key=1"}, env{"OTEL_EXPORTER_OTLP_TRACES_HEADERS": ""}},
		{nil, env{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem"}, env{
			"OTEL_EXPORTER_OTLP_CERTIFICATE": "",
			"OTEL_EXPORTER_OTLP_PROTOCOL":    "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": to.GRPC,
			"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": to.GRPC,
			"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": to.GRPC,
			"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": to.GRPC,
		}},
		{env{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, env{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, env{
			"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": to.GRPC,
		}},
		{env{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, env{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, nil},
		{nil, env{"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/json"}, env{"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/json"}},
		{env{"OTEL_EXPORTER_OTLP_HEADERS": "a=b"}, env{"OTEL_EXPORTER_OTLP_HEADERS": "key=1"}, env{"OTEL_EXPORTER_OTLP_HEADERS": "a=b"}},
	} {
		want := env{"OTEL_EXPORTER_OTLP_ENDPOINT": to.HTTP, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
		for _, s := range []string{"traces", "metrics", "logs"} {
			want["OTEL_EXPORTER_OTLP_"+strings.ToUpper(s)+"_ENDPOINT"] = to.HTTP + "/v1/" + s
			want["OTEL_EXPORTER_OTLP_"+strings.ToUpper(s)+"_PROTOCOL"] = "http/protobuf"
		}
		maps.Copy(want, c.want)
		if got := otelenv.Export(to, c.level, c.file); !maps.Equal(got, want) {
			t.Errorf("level %v over file %v:\ngot  %v\nwant %v", c.level, c.file, got, want)
		}
	}
}

// The token of the pipeline joins the headers that a level has; the headers of a file are for another back end.
func TestExportToken(t *testing.T) {
	level := env{"OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "c=d"}
	got := otelenv.Export(otelenv.Pipeline{Token: "TOKEN"}, level, env{"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "key=1"})
	for name, want := range map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS":         "a=b,authorization=Bearer%20TOKEN",
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS":  "a=b,authorization=Bearer%20TOKEN",
		"OTEL_EXPORTER_OTLP_METRICS_HEADERS": "a=b,authorization=Bearer%20TOKEN",
		"OTEL_EXPORTER_OTLP_LOGS_HEADERS":    "c=d,authorization=Bearer%20TOKEN",
	} {
		if got[name] != want {
			t.Errorf("%s=%s, want %s", name, got[name], want)
		}
	}
}

func TestOverridden(t *testing.T) {
	got := otelenv.Overridden(env{"A": "1", "B": "2", "C": "", "D": "4"}, env{"A": "1", "B": "3", "C": "5", "E": "6"})
	if !slices.Equal(got, []string{"B"}) {
		t.Errorf("got %v, want [B]", got)
	}
}
