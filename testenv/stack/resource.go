package stack

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// scope is the instrumentation scope of the stack's own telemetry.
const scope = "github.com/tollgate-dev/tollgate/testenv/stack"

// namespace is the service.namespace of all services.
const namespace = "perso"

// unversioned is the version of a binary that knows none.
const unversioned = "devel"

// version is the version of the service and of its instrumentation.
func (c Config) version() string { return cmp.Or(c.Version, unversioned) }

// describe returns the resource of all signals of a service. What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes last
// and wins, as in the specification of the SDK.
func describe(ctx context.Context, service string, cfg Config) (*resource.Resource, error) {
	attrs := []attribute.KeyValue{
		semconv.ServiceName(service),
		semconv.ServiceNamespace(namespace),
		semconv.ServiceVersion(cfg.version()),
		semconv.ServiceInstanceID(instance(service, cfg)),
		semconv.DeploymentEnvironmentNameTest,
	}
	if cfg.Run != "" {
		attrs = append(attrs, attribute.String(role.RunAttribute, cfg.Run))
	}
	return resource.New(ctx, resource.WithSchemaURL(semconv.SchemaURL), resource.WithTelemetrySDK(),
		resource.WithAttributes(attrs...), resource.WithFromEnv())
}

// instanceNamespace is the namespace of version 5 UUIDs of service instances.
//
// Source: semantic conventions, service.instance.id.
var instanceNamespace = uuid.MustParse("4d63009a-8d0f-11ee-aad7-4c796ed8e320")

// instance returns the service.instance.id, a UUID. A service of a run has another one in every run, launch and arm, and the
// same one after a restart, so that its series go on. A service that belongs to no run has a random one.
func instance(service string, cfg Config) string {
	if cfg.Run == "" {
		return uuid.NewString()
	}
	return uuid.NewSHA1(instanceNamespace, fmt.Appendf(nil, "%s/%d/%s/%s", cfg.Run, cfg.Launch, cfg.Arm, service)).String()
}

// tracer returns the tracer of the stack's own spans.
func (t *telemetry) tracer() trace.Tracer {
	return t.tracers.Tracer(scope, trace.WithInstrumentationVersion(t.version))
}

// meter returns the meter of the stack's own instruments.
func (t *telemetry) meter() metric.Meter {
	return t.meters.Meter(scope, metric.WithInstrumentationVersion(t.version))
}

// Providers that name the version of the semantic conventions as the schema of every scope. The libraries that we use for HTTP
// and for the runtime follow this version, too, but do not say so.
type (
	tracers struct{ trace.TracerProvider }
	meters  struct{ metric.MeterProvider }
	loggers struct{ log.LoggerProvider }
)

func (p tracers) Tracer(name string, options ...trace.TracerOption) trace.Tracer {
	return p.TracerProvider.Tracer(name, append(options, trace.WithSchemaURL(semconv.SchemaURL))...)
}

func (p meters) Meter(name string, options ...metric.MeterOption) metric.Meter {
	return p.MeterProvider.Meter(name, append(options, metric.WithSchemaURL(semconv.SchemaURL))...)
}

func (p loggers) Logger(name string, options ...log.LoggerOption) log.Logger {
	return p.LoggerProvider.Logger(name, append(options, log.WithSchemaURL(semconv.SchemaURL))...)
}
