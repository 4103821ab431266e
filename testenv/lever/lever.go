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
		{Reset, "the connections to it are reset", "", needsLink, ""},
		{Cut, "nothing that it answers arrives; the release closes its connections", "", needsLink, ""},
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
