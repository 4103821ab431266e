// Package role is the agreement between the processes of a stack and the process that starts them: the names of services,
// topics and paths, the configuration in environment variables, the ready line, and the control endpoint. Each is written here
// once, for both sides.
package role

// Services of one arm, in the order in which a request meets them.
const (
	Gateway  = "gateway"
	Decision = "decision"
	Model    = "model"
	Profile  = "profile"
	Ingest   = "ingest"
	ETL      = "etl"
)

// Roles besides the services.
const (
	Telemetry  = "telemetry"   // an arm's pipeline: Collector and Prometheus
	Backing    = "backing"     // the broker and store that all arms share
	Guard      = "guard"       // undoes what a killed run has done to containers
	ProxyGuard = "proxy-guard" // undoes what a killed run has done to proxies
	DelayProxy = "delay-proxy" // stands in front of every arm of a system of the user's own
	Receiver   = "receiver"    // takes what the pipelines of arms in containers deliver, and counts it
	Links      = "links"       // stands between the parts of an arm, while faults are injected
)

// Services are the services that each arm of our own stack runs besides its pipeline.
func Services() []string { return []string{Gateway, Decision, Model, Profile, Ingest, ETL} }

// Store is the name of the arm's store where it is behind a link.
const Store = "store"

// Linked are the services behind a link in the catch, each with the port of its link in a container.
func Linked() map[string]string {
	return map[string]string{Decision: "9001", Model: "9002", Profile: "9003", Store: "9004"}
}

// EventsTopic is the arm's topic of events: impressions, clicks and purchases.
func EventsTopic(arm string) string { return arm + ".events" }

// NextEventsTopic is a topic that every broker has, and that nobody reads: events are to move to it one day.
const NextEventsTopic = "events-v2"

// ProfilesTopic is the arm's topic of profile attributes from the upstream.
func ProfilesTopic(arm string) string { return arm + ".profile-updates" }

// IngestGroup is the consumer group of the arm's ingest, and the client id that a quota names.
func IngestGroup(arm string) string { return arm + "." + Ingest }

// WithoutArm returns the name of a topic or a group without the arm in front.
func WithoutArm(arm, name string) string {
	if len(name) > len(arm) && name[:len(arm)] == arm && name[len(arm)] == '.' {
		return name[len(arm)+1:]
	}
	return name
}

// Partitions is the number of partitions of every topic.
const Partitions = 3

// Names of addresses in the ready line.
const (
	AddrHTTP       = "http"       // host:port of the role's HTTP server
	AddrOTLP       = "otlp"       // base URL of OTLP over HTTP
	AddrOTLPGRPC   = "otlp-grpc"  // host:port of OTLP over gRPC
	AddrPrometheus = "prometheus" // base URL of the Prometheus HTTP API
)

// BrokerAddr is the name of the address of an arm's broker in the ready line of Backing.
func BrokerAddr(arm string) string { return arm + "/kafka" }

// StoreAddr is the name of the address of an arm's store in the ready line of Backing.
func StoreAddr(arm string) string { return arm + "/redis" }

// LinkAddr is the name of the address of the link to a service in the ready line of Links.
func LinkAddr(service string) string { return "link/" + service }

// Ports at which a Collector takes OTLP by convention.
const (
	OTLPPort     = "4318" // over HTTP
	OTLPGRPCPort = "4317"
)

// Questions at the control endpoint that no fault asks, so they are not in the table of levers.
const (
	RuntimeQuestion = "runtime"      // to a service: what its runtime has counted, as result.Runtime
	ProfileQuestion = "cpu-profile"  // to a service: a CPU profile of itself, as ProfileAnswer; it asks with ProfileParams
	StatsQuestion   = "stats"        // to the pipeline: the telemetry that it received, as result.Telemetry
	KeepExports     = "keep-exports" // the same, and the pipeline keeps the exports that come from then on
	HoldExports     = "hold-exports" // the same, and it keeps no more
)

// ExportsPath is where the pipeline answers callers with the run's token with the exports that it has kept, for volume.Parse.
const ExportsPath = "/exports"

// Paths that every role serves.
const (
	HealthPath  = "/healthz"  // answers 200 when the role can do its work
	ControlPath = "/control/" // levers and questions are below it; a caller needs the run's token
)
