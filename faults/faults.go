// Package faults is the catalogue. An entry says what is broken in a stack, how to see that it is broken, which alerts should
// notice, and where the cause is written. A fault is one file, and one line in All.
//
// A fault acts on what the harness owns (the upstream's data, the broker, the crowd) before it touches application
// code. To add one, write its file and its line in All; docs/faults/writing.md walks through it.
package faults

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// All returns the catalogue in display order. The first entry injects nothing.
func All() []Fault {
	all := entries()
	for i := range all {
		all[i].fill()
	}
	return all
}

// entries are the entries of the catalogue as they are written, with the default of every parameter.
func entries() []Fault {
	all := []Fault{
		none(),
		knownDelay(),
		profileAttributeMissing(),
		profileAttributeCoerced(),
		profileSchemaRename(),
		profileStale(),
		contentMissing(),
		consentFlagFlip(),
		piiInLogs(),
		modelDrift(),
		modelWrongVersion(),
		modelScoreCollapse(),
		featureOrderSwap(),
		identitySplit(),
		modelTailLatency(),
		consumerLag(),
		poisonMessage(),
		hotPartition(),
		brokerPause(),
		eventTimeSkew(),
		consumerStopped(),
		topicEmpty(),
		eventDuplicates(),
		servicePause(),
		cpuThrottle(),
		memorySqueeze(),
		dependencySlow(),
		collectorDown(),
		collectorDrop(),
		logLag(),
		cardinalityExplosion(),
		seriesVanish(),
		alertRouteMute(),
		sampleRatioMismatch(),
		profileStoreSlow(),
		retryStorm(),
		cacheBypass(),
		nPlusOne(),
		traceContextLoss(),
		rareJourneyError(),
	}
	for i := range all {
		all[i].Values = usual(all[i].Params)
	}
	return all
}

// fill puts the values of the parameters into the texts.
func (f *Fault) fill() {
	f.Title, f.Felt, f.Evidence = f.Values.fill(f.Title), f.Values.fill(f.Felt), f.Evidence.fill(f.Values)
}

// Lookup returns the fault of a text: its id, and after a colon the parameters that are not to have their defaults, as in
// "profile-attribute-missing: share=0.1, attribute=tier". Errors list what is legal.
func Lookup(text string) (Fault, error) {
	f, err := read(text)
	if err != nil {
		return Fault{}, err
	}
	f.fill()
	return f, nil
}

// read is Lookup with texts as they are written.
func read(text string) (Fault, error) {
	id, given, has := strings.Cut(text, ":")
	f, err := entry(strings.TrimSpace(id))
	if err != nil {
		return Fault{}, err
	}
	if has {
		if err := f.set(given); err != nil {
			return Fault{}, fmt.Errorf("%s: %w", f.ID, err)
		}
	}
	return f, nil
}

// Known returns an error that lists the legal ids if there is no fault of that id.
func Known(id string) error {
	_, err := entry(id)
	return err
}

// entry returns the entry of an id, as it is written.
func entry(id string) (Fault, error) {
	var ids []string
	for _, f := range entries() {
		if f.ID == id {
			return f, nil
		}
		ids = append(ids, f.ID)
	}
	return Fault{}, fmt.Errorf("unknown fault %q: legal faults are %s", id, strings.Join(ids, ", "))
}

// Lease is how long an injected fault lives without renewal. So the target heals when the process that injected the fault is
// gone.
const Lease = 5 * time.Second

// Fault is one entry of the catalogue.
type Fault struct {
	ID    string // kebab-case; the file is named the same in snake_case
	Group string // one of Groups
	Title string // what happens, as a short clause; {name} stands for the value of a parameter
	Felt  string // what a user of the system feels
	// Signs is what Felt claims, for a run to compare with what it measures: by one of Feelings, which way it goes: 1 up, −1 down,
	// 0 not at all. Felt claims nothing of those that are missing.
	Signs    map[string]int
	Least    string    // the least level that can detect it
	Levers   []string  // names, in lever.All, of the levers that it pulls or asks; an environment may lack some
	Service  string    // service that has these levers, unless the experiment names another; "" where every lever has a service of its own
	Expect   []string  // alerts that should fire; the first of them to fire is the detection
	Allow    []string  // other alerts that may fire because of the fault
	Evidence *Evidence // where the cause is written; nil: no query finds it
	Runbook  string    // a paragraph for whoever is called: what to look at, and what to do
	// Unseen says that nobody looked at this fault while the alert rules were written and tuned, so that its detection says
	// something of faults that nobody had in mind.
	Unseen bool

	Params []Param
	Values Values            // of all Params
	Given  map[string]string // the parameters that do not have their defaults, as they were given

	// Inject breaks one arm. The Injection that it returns is healed on every exit path.
	Inject func(ctx context.Context, site Site) (Injection, error)
	// Probe looks for the effect of the fault at the arm, without the arm's own telemetry.
	Probe func(ctx context.Context, site Site) (Effect, error)

	Theirs *Theirs // what is another in a system of the user's own; nil: nothing is
}

// Injection is a fault in force.
type Injection struct {
	Renew func(ctx context.Context) error // keeps it in force for another Lease; nil: it needs no lease
	Heal  func(ctx context.Context) error // ends it; idempotent
}

// Effect is what a probe saw. Both Present and Gone may be false: the effect is then neither there nor gone.
type Effect struct {
	Present bool               // the fault has the effect that it should have
	Gone    bool               // nothing of it is left
	Since   time.Time          // when the effect began or ended, if the probe knows; zero: when it looked
	Detail  string             // for people, e.g. "age is missing for 502 of 1000 users"
	Values  map[string]float64 // the same as numbers
}

// Evidence is a query for the cause: what a log record, a span or a series has during the fault, and none has before it.
type Evidence struct {
	Signal string            // "logs", "spans" or "metrics"
	Query  string            // of metrics: the PromQL expression that has a result at the end of the fault, and none before it
	Match  map[string]string // attributes that one record has, all of them
	Root   string            // the span has no parent and is of this service; "": any span
	Took   string            // the span took at least so long, e.g. 200 ms; "": any time
}

// Least returns what Took says, as a duration.
func (e *Evidence) Least() (time.Duration, error) {
	if e.Took == "" {
		return 0, nil
	}
	return time.ParseDuration(strings.ReplaceAll(e.Took, " ", ""))
}

// fill puts the values of parameters into {braces} of the attributes.
func (e *Evidence) fill(values Values) *Evidence {
	if e == nil {
		return nil
	}
	filled := Evidence{Signal: e.Signal, Query: values.fill(e.Query), Match: map[string]string{}, Root: e.Root, Took: values.fill(e.Took)}
	for key, value := range e.Match {
		filled.Match[key] = values.fill(value)
	}
	return &filled
}

// String is the query as text, e.g. logs: perso.attribute=age perso.reason=attribute-missing.
func (e *Evidence) String() string {
	if e == nil {
		return ""
	}
	parts := []string(nil)
	if e.Query != "" {
		parts = append(parts, e.Query)
	}
	for _, key := range sortedKeys(e.Match) {
		parts = append(parts, key+"="+e.Match[key])
	}
	if e.Root != "" {
		parts = append(parts, "of "+e.Root+" without a parent")
	}
	if e.Took != "" {
		parts = append(parts, "that took "+e.Took+" or longer")
	}
	return e.Signal + ": " + strings.Join(parts, " ")
}

// Groups are the kinds of fault, in display order.
func Groups() []string {
	return []string{"controls", "data", "model", "stream", "dependency", "process", "pipeline", "rollout"}
}

// Feelings are what a user feels, as a run measures it from the load generator alone, in display order: the share of requests that
// fail, the 95th percentile of the response time, the share of default content, clicks per impression, purchases per click, and
// the share of answers under another identity.
func Feelings() []string {
	return []string{"errors", "p95", "default", "click_through", "conversion", "identity"}
}

// Uses returns the fault's levers, each with the service that has it, in the form of lever.At. Target is the service that the
// experiment names; "" is the fault's own choice. A lever of another service than the fault's own stays where it is.
func (f Fault) Uses(target string) []string {
	var uses []string
	for _, name := range f.Levers {
		service := cmp.Or(target, f.Service)
		if l, err := lever.Lookup(name); err == nil && l.Service != "" && l.Service != f.Service {
			service = l.Service
		}
		uses = append(uses, lever.At(service, name))
	}
	return uses
}

// Site is where a fault acts: one arm, and the crowd that loads all arms.
type Site struct {
	Arm     Target
	Crowd   Crowd
	Service string // Fault.Service, or the service that the experiment names in its place
	Values  Values // of the fault's parameters
}

// At returns the site of a fault at an arm. Target is the service that the experiment names; "" is the fault's own choice.
func (f Fault) At(arm Target, crowd Crowd, target string) Site {
	return Site{Arm: arm, Crowd: crowd, Service: cmp.Or(target, f.Service), Values: f.Values}
}

// Target is what a fault needs of one arm.
type Target interface {
	Name() string
	// Pull pulls a lever of a service, or renews its lease.
	Pull(ctx context.Context, service, lever string, params any, lease time.Duration) error
	// Release ends what a lever does; idempotent.
	Release(ctx context.Context, service, lever string) error
	// Ask asks a lever a question, or makes it do something once.
	Ask(ctx context.Context, service, lever string, params, out any) error
	// Lag is the consumer group's lag, in records by partition, read from the broker.
	Lag(ctx context.Context) (map[int32]int64, error)
	// Answers reports whether a service answers its health check now.
	Answers(ctx context.Context, service string) (bool, error)
}

// Crowd is the population that the load generator draws from, the same for all arms.
type Crowd interface {
	// SetDrift moves the population, from the next slot on; setting the same drift again changes nothing.
	SetDrift(population.Drift)
	// Arrived counts the users that arrived at an arm since the drift last changed, by population.AgeBands. It also says when
	// the change took effect; zero: not yet.
	Arrived(arm string) (byBand []int64, since time.Time)
	// Broken counts the slates that an arm has shown since the drift last changed, and those of them that were for somebody
	// else than the journey's user.
	Broken(arm string) (broken, shown int64)
}

// pull returns the Injection that pulls one lever of a service.
func pull(site Site, service, name string, params any) Injection {
	return Injection{
		Renew: func(ctx context.Context) error { return site.Arm.Pull(ctx, service, name, params, Lease) },
		Heal:  func(ctx context.Context) error { return site.Arm.Release(ctx, service, name) },
	}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
