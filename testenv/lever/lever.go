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
	AlterProfiles = "alter-profiles"
	StopDelivery  = "stop-delivery"
	Deliver       = "deliver"
	Unpublish     = "unpublish"
	Audit         = "audit"
	ThrottleFetch = "throttle-fetch"
	PauseBroker   = "pause-broker"
	PoisonRecord  = "poison-record"
	FloodKey      = "flood-key"
	AskBroker     = "broker"
	AskGroup      = "group"
	AskEvents     = "events"
	StopConsumer  = "stop-consumer"
	EventsTopic   = "events-topic"
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
	LoadModel       = "load-model"
	ReadModel       = "read-model"
	TryModel        = "try-model"

	AssignVariants = "assign-variants"
	CountVariants  = "count-variants"

	Stalls        = "stalls"
	Uptime        = "uptime"
	Reset         = "reset"
	Cut           = "cut"
	StripHeader   = "strip-header"
	SetHeader     = "set-header"
	DelayRequests = "delay-requests"
	ResetRequests = "reset-requests"
	FailRequests  = "fail-requests"
	RoundTrip     = "round-trip"
	PageSize      = "page-size"
)

// What levers need, for Lever.Needs.
const (
	needsStack  = "is a part of our own stack"
	needsEngine = "takes a container engine: use --env containers"
	needsProxy  = "takes a proxy in front of a dependency: name it in external.proxies"
	needsLink   = "acts on a link between the parts of our own stack"
	needsCrowd  = "moves the population behind our journeys, and the load is a script of the user's own"
)

// All is the table of levers, in display order.
func All() []Lever {
	return []Lever{
		{AlterProfiles, "the upstream delivers an attribute of a share of the users in another way", role.ETL, needsStack, `{"attribute":"age","share":0.5,"change":"set","value":-1}`},
		{StopDelivery, "the upstream delivers nothing", role.ETL, needsStack, ""},
		{Deliver, "the upstream delivers all profiles once", role.ETL, needsStack, ""},
		{Audit, "counts the profiles, those that lack an attribute or have a value of it, and the content", role.Profile, needsStack, `{"attribute":"age","match":"^-1$"}`},
		{LoadModel, "the model service loads an artefact; the release loads the newest one again", role.Model, needsStack, `{"version":"lr-1.1-…","release":1,…}`},
		{ReadModel, "answers with an artefact of the model's registry, the newest one for release 0", role.Model, needsStack, `{"release":1}`},
		{TryModel, "says which model is served, and how it ranks for one user of every segment", role.Model, needsStack, ""},
		{AssignVariants, "the experiment gives variant a to another share of the users than half", role.Decision, needsStack, `{"a":0.55,"version":"2"}`},
		{CountVariants, "counts the variants that 10,000 users would get", role.Decision, needsStack, ""},
		{Unpublish, "the published catalogue lacks the content of a share of the items", role.Profile, needsStack, `{"share":0.5}`},
		{Stalls, "works for a moment, and says for how long of it the process stood still", "", needsStack, ""},
		{Uptime, "says how long the process has been there", "", needsStack, ""},
		{ThrottleFetch, "the broker gives an arm's consumer no more than so many bytes in an interval", role.Backing, needsStack, `{"arm":"full","interval":"1s","max_bytes":1024}`},
		{PauseBroker, "the broker stands still; one that serves several arms stands still for all of them", role.Backing, needsStack, `{"arm":"full"}`},
		{PoisonRecord, "a record that cannot be decoded lies in a topic; asked, it says where the consumer is", role.Backing, needsStack, `{"topic":"events"}`},
		{FloodKey, "another producer sends so many events a second under one key", role.Backing, needsStack, `{"rate":500}`},
		{AskBroker, "says whether the broker answers", role.Backing, needsStack, ""},
		{AskGroup, "says how many members the arm's consumer group has", role.Backing, needsStack, ""},
		{AskEvents, "looks at the events that came in during the last seconds", role.Backing, needsStack, `{"seconds":3}`},
		{StopConsumer, "the consumer leaves its group; its process goes on", role.Ingest, needsStack, ""},
		{EventsTopic, "the events go to another topic", role.Gateway, needsStack, `{"topic":"events-v2"}`},
		{Drift, "the users that arrive, or their programs, become others", Crowd, needsCrowd, ""},
		{Pause, "its processes stand still", "", needsEngine, ""},
		{Kill, "it is killed; the release starts it again", "", needsEngine, ""},
		{Restart, "it is killed and started again at once", "", needsEngine, ""},
		{LimitCPU, "it gets no more than a share of one core", "", needsEngine, `{"cores":0.1}`},
		{LimitMemory, "it gets no more memory than so much; room: than it uses, and that share of it", "", needsEngine, `{"bytes":67108864}`},
		{Disconnect, "it is cut off from its networks", "", needsEngine, ""},
		{Latency, "a proxy holds up what it answers, by so many ms", "", needsProxy, `{"latency":500,"jitter":100}`},
		{StopCollector, "the Collector takes no telemetry until the release", role.Telemetry, needsStack, ""},
		{ChangeCollector, "the Collector gets another configuration, and its way to Prometheus another latency", role.Telemetry, needsStack,
			`{"drop_metric":"perso.decisions"}`},
		{SilenceAlerts, "a silence holds the notifications of some alerts back", role.Telemetry, needsStack, `{"matchers":["alertname=~\".+\""]}`},
		{AskCollector, "says whether the Collector takes OTLP, and what it stored and dropped since it last started", role.Telemetry, needsStack, ""},
		{AskSeries, "counts the series that match, and those of them with a current sample", role.Telemetry, needsStack, `{"match":"up"}`},
		{AskNotified, "says whether notifications are silenced, and how many were held back and sent", role.Telemetry, needsStack, ""},
		{Reset, "the connections to it are reset, or a share of them", "", needsLink, `{"share":0.3}`},
		{Cut, "nothing that it answers arrives, on a share of the connections to it; the release closes these", "", needsLink, `{"share":1}`},
		{StripHeader, "requests to it lose headers on the way", "", needsLink, `{"headers":["traceparent"]}`},
		{SetHeader, "requests to it get a header on the way", "", needsLink, `{"path":"/v1/content","header":"Cache-Control","value":"no-cache"}`},
		{DelayRequests, "a share of the requests to it is held up, by so many ms", "", needsLink, `{"path":"/v1/rank","share":0.02,"delay":200}`},
		{ResetRequests, "the answers to a share of the requests to it break off", "", needsLink, `{"path":"/v1/content","share":0.3}`},
		{FailRequests, "a share of the requests to it gets a status for an answer; by: of the values of this field", "", needsLink,
			`{"path":"/v1/decide","match":{"channel":"store"},"share":0.1,"by":"session","status":503}`},
		{RoundTrip, "measures how long it takes to answer, through its link and without", "", needsLink, ""},
		{PageSize, "its content API answers with no more than so many items at once", role.Profile, needsStack, `{"items":1}`},
	}
}

// OfLink reports whether a lever of our own stack is at the link to the service that it names.
func OfLink(name string) bool {
	l, err := Lookup(name)
	return err == nil && (l.Needs == needsLink || l.Needs == needsProxy)
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
