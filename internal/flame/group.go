package flame

import "strings"

// Group is a kind of code that CPU time is spent in.
type Group struct {
	ID    string
	Name  string // short
	Title string // what belongs to it
	Kind  Kind
}

// Kind says what a group is there for.
type Kind string

// Kinds of groups.
const (
	Application Kind = "application"
	Telemetry   Kind = "telemetry"
	Shared      Kind = "shared" // done for the others, and no sample tells for which
)

// Identifiers of groups.
const (
	app        = "application"
	stores     = "stores"
	sdk        = "sdk"
	middleware = "instrumentation"
	logging    = "logging"
	encoding   = "serialisation"
	export     = "export"
	transport  = "transport"
	collection = "gc"
	scheduler  = "runtime"
	profiler   = "profiler"
)

// Groups are all groups, in display order.
func Groups() []Group {
	return []Group{
		{app, "application", "the services' own code, and libraries that no other group names", Application},
		{stores, "store, broker", "clients of stores and brokers", Application},
		{sdk, "OTel SDK", "OpenTelemetry's API and SDK, and Prometheus's client library", Telemetry},
		{middleware, "instrumentation", "libraries that instrument others: middleware, hooks", Telemetry},
		{logging, "logging", "log/slog and other loggers, and their bridge to OpenTelemetry", Telemetry},
		{encoding, "serialisation", "protocol buffers, made for an exporter", Telemetry},
		{export, "export", "exporters, with the HTTP or gRPC and the compression that they call", Telemetry},
		{transport, "HTTP and gRPC", "goroutines of HTTP and gRPC that serve requests, calls and exports alike", Shared},
		{collection, "garbage collection", "marking, sweeping, and what allocating code is made to help", Shared},
		{scheduler, "Go runtime", "the scheduler, timers, and the network poller", Shared},
		{profiler, "profiler", "taking the profile itself", Shared},
	}
}

// rule puts a package, and those below it, into a group.
type rule struct{ path, group string }

// rules are looked at in order; the first that fits counts.
func rules() []rule {
	return []rule{
		{"go.opentelemetry.io/otel/exporters", export},
		{"go.opentelemetry.io/contrib/exporters", export},
		{"go.opentelemetry.io/otel/sdk/log", logging},
		{"go.opentelemetry.io/otel/log", logging},
		{"go.opentelemetry.io/contrib/bridges", logging},
		{"go.opentelemetry.io/contrib/instrumentation", middleware},
		{"github.com/redis/go-redis/extra", middleware},
		{"github.com/twmb/franz-go/plugin/kotel", middleware},
		{"go.opentelemetry.io/otel", sdk},
		{"github.com/prometheus/client_golang", sdk},
		{"log", logging},
		{"go.uber.org/zap", logging},
		{"github.com/rs/zerolog", logging},
		{"github.com/sirupsen/logrus", logging},
		{"github.com/redis", stores},
		{"github.com/twmb/franz-go", stores},
		{"github.com/IBM/sarama", stores},
		{"github.com/segmentio/kafka-go", stores},
		{"github.com/jackc/pgx", stores},
		{"github.com/go-sql-driver/mysql", stores},
		{"go.mongodb.org/mongo-driver", stores},
		{"database/sql", stores},
	}
}

// GroupOf is the group of a stack, the leaf first: the innermost frame that belongs to one decides. The standard library and
// protocol buffers belong to whoever calls them, but for the garbage collector and the profiler, which work for all.
func GroupOf(frames []Frame) string {
	encoded, carried := false, false
	for _, f := range frames {
		switch {
		case f.Group == collection || f.Group == profiler:
			return f.Group
		case f.caller:
			encoded = encoded || f.Group == encoding
			carried = carried || f.Group == transport
		}
	}
	for _, f := range frames {
		switch {
		case f.caller:
		case f.Group == export && (encoded || strings.Contains(f.Package, "transform")):
			return encoding
		default:
			return f.Group
		}
	}
	switch {
	case carried:
		return transport
	case encoded:
		return app
	default:
		return scheduler
	}
}

// group is the group that a frame by itself stands for, and whether its callers decide.
func (f Frame) group() (group string, caller bool) {
	for _, r := range rules() {
		if f.within(r.path) {
			return r.group, false
		}
	}
	switch {
	case f.Package == "runtime" && collects(strings.TrimPrefix(f.Function, "runtime.")):
		return collection, false
	case f.Package == "runtime/pprof":
		return profiler, false
	case f.within("google.golang.org/protobuf"), f.within("go.opentelemetry.io/proto"):
		return encoding, true
	case f.within("google.golang.org/grpc"), f.within("net/http"), f.within("golang.org/x/net/http2"):
		return transport, true
	case f.standard():
		return scheduler, true
	default:
		return app, false
	}
}

// collects reports whether a function of the runtime is part of a garbage collection.
func collects(name string) bool {
	for _, prefix := range []string{"gcBgMarkWorker", "gcAssistAlloc", "gcStart", "gcMark", "gcDrain", "bgsweep", "bgscavenge", "sweepone", "deductSweepCredit"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
