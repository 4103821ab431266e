// Package lever has the levers that faults pull. It has one table of all levers, and the type by which an environment says
// which of them it has and how they work there. A lever has a lease: without renewal its effect heals.
package lever

import (
	"fmt"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Lever is one thing that a fault can pull, or a question that it asks.
type Lever struct {
	Name    string // kebab-case
	Title   string // what it does, as a clause
	Service string // the only service that has it, or Crowd; "": every service has it
	Needs   string // why an environment may not have it, as the end of a sentence about the lever
	Params  string // legal parameters, as JSON with example values; "" for none
}

// Crowd is the service of the lever that moves the population behind the load.
const Crowd = "crowd"

// Names of the levers.
const (
	DropAttribute = "drop-attribute"
	Deliver       = "deliver"
	Audit         = "audit"
	ThrottleFetch = "throttle-fetch"
	Drift         = "drift"
	Pause         = "pause"
	Kill          = "kill"
	Restart       = "restart"
	LimitCPU      = "limit-cpu"
	LimitMemory   = "limit-memory"
	Disconnect    = "disconnect"
	Latency       = "latency"

	StopCollector   = "stop-collector"
	ChangeCollector = "change-collector"
	SilenceAlerts   = "silence-alerts"
	AskCollector    = "collector-state"
	AskSeries       = "count-series"
	AskNotified     = "notified"
)

// What levers need, for Lever.Needs.
const (
	needsStack  = "is a part of our own stack"
	needsEngine = "takes a container engine: use --env containers"
	needsProxy  = "takes a proxy in front of a dependency: it is for --env external, with external.proxies"
	needsOne    = "is a part of the telemetry pipeline that is one process: use --env process"
	needsCrowd  = "moves the population behind our journeys, and the load is a script of the user's own"
)

// All is the table of levers, in display order.
func All() []Lever {
	return []Lever{
		{DropAttribute, "the upstream leaves an attribute out of the profiles of a share of the users", role.ETL, needsStack, `{"attribute":"age","share":0.5}`},
		{Deliver, "the upstream delivers all profiles once", role.ETL, needsStack, ""},
		{Audit, "counts the profiles, and those that lack an attribute", role.Profile, needsStack, `{"attribute":"age"}`},
		{ThrottleFetch, "the broker gives an arm's consumer no more than so many bytes in an interval", role.Backing, needsStack, `{"arm":"full","interval":"1s","max_bytes":1024}`},
		{Drift, "the users that arrive become others", Crowd, needsCrowd, ""},
		{Pause, "its processes stand still", "", needsEngine, ""},
		{Kill, "it is killed; the release starts it again", "", needsEngine, ""},
		{Restart, "it is killed and started again at once", "", needsEngine, ""},
		{LimitCPU, "it gets no more than a share of one core", "", needsEngine, `{"cores":0.1}`},
		{LimitMemory, "it gets no more memory than so much", "", needsEngine, `{"bytes":67108864}`},
		{Disconnect, "it is cut off from its networks", "", needsEngine, ""},
		{Latency, "a proxy holds up what it answers, by so many ms", "", needsProxy, `{"latency":500,"jitter":100}`},
		{StopCollector, "the Collector takes no telemetry until the release", role.Telemetry, needsStack, ""},
		{ChangeCollector, "the Collector gets another configuration, and its way to Prometheus another latency", role.Telemetry, needsOne,
			`{"drop_metric":"perso.decisions"}`},
		{SilenceAlerts, "a silence holds the notifications of some alerts back", role.Telemetry, needsOne, `{"matchers":["alertname=~\".+\""]}`},
		{AskCollector, "says whether the Collector takes OTLP, and what it stored and dropped since it last started", role.Telemetry, needsStack, ""},
		{AskSeries, "counts the series that match, and those of them with a current sample", role.Telemetry, needsOne, `{"match":"up"}`},
		{AskNotified, "says whether notifications are silenced, and how many were held back and sent", role.Telemetry, needsOne, ""},
	}
}

// Lookup returns the lever of that name; the error lists the legal ones.
func Lookup(name string) (Lever, error) {
	var names []string
	for _, l := range All() {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return Lever{}, fmt.Errorf("unknown lever %q: legal levers are %s", name, strings.Join(names, ", "))
}

// At names a lever at a service, in the form that Environment.Supports takes: SERVICE/LEVER.
func At(service, lever string) string { return service + "/" + lever }

// Split returns the service and the lever of a name that At made.
func Split(use string) (service, lever string) {
	service, lever, _ = strings.Cut(use, "/")
	return service, lever
}
