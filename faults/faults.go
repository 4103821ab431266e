// Package faults is the catalogue: what can be broken in a stack, how one sees that it is broken, which alerts should
// notice, and where the cause would be written. One file per fault, one line in All.
//
// A fault acts on what the harness owns (the upstream's data, the broker, the crowd) before it touches application
// code. To add one, write its file and its line in All; docs/faults.md walks through it.
package faults

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/population"
	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// All returns the catalogue in display order, the one that injects nothing first.
func All() []Fault {
	return []Fault{
		none(),
		profileAttributeMissing(),
		modelDrift(),
		consumerLag(),
		servicePause(),
		dependencySlow(),
	}
}

// Lookup returns the fault of that id; the error lists the legal ones.
func Lookup(id string) (Fault, error) {
	var ids []string
	for _, f := range All() {
		if f.ID == id {
			return f, nil
		}
		ids = append(ids, f.ID)
	}
	return Fault{}, fmt.Errorf("unknown fault %q: legal faults are %s", id, strings.Join(ids, ", "))
}

// Lease is how long an injected fault lives without being renewed: when whoever injected it is gone, the target heals.
const Lease = 5 * time.Second

// Fault is one entry of the catalogue.
type Fault struct {
	ID       string    // kebab-case; the file is named the same in snake_case
	Title    string    // what happens, as a short clause
	Felt     string    // what a user of the system feels
	Least    string    // the least level that can detect it
	Levers   []string  // what it pulls or asks, by name in lever.All; an environment has them or not
	Service  string    // whose levers they are, unless the experiment names another; "" where each lever has a service of its own
	Expect   []string  // alerts that should fire; the first of them to fire is the detection
	Allow    []string  // alerts that the fault explains without being made for it
	Evidence *Evidence // where the cause is written; nil: nowhere that a query finds

	// Inject breaks one arm. What it returns is healed on every exit path.
	Inject func(ctx context.Context, site Site) (Injection, error)
	// Probe looks at the arm, through no telemetry of its own, for the effect of the fault.
	Probe func(ctx context.Context, site Site) (Effect, error)
}

// Injection is a fault in force.
type Injection struct {
	Renew func(ctx context.Context) error // keeps it in force for another Lease; nil: it needs no lease
	Heal  func(ctx context.Context) error // ends it; idempotent
}

// Effect is what a probe saw. Between Present and Gone lies a stretch that is neither.
type Effect struct {
	Present bool               // the fault has the effect that it is there for
	Gone    bool               // nothing of it is left
	Since   time.Time          // since when, if the probe knows; zero: since it looked
	Detail  string             // for people, e.g. "age is missing for 502 of 1000 users"
	Values  map[string]float64 // the same as numbers
}

// Evidence is a query for the cause: a log record or span attribute that is there in the fault and not before.
type Evidence struct {
	Signal string            // "logs" or "spans"
	Match  map[string]string // attributes that one record has, all of them
}

// String is the query as people read it, e.g. logs: perso.attribute=age perso.reason=attribute-missing.
func (e *Evidence) String() string {
	if e == nil {
		return ""
	}
	var parts []string
	for _, key := range sortedKeys(e.Match) {
		parts = append(parts, key+"="+e.Match[key])
	}
	return e.Signal + ": " + strings.Join(parts, " ")
}

// Uses are the fault's levers with the services that have them, as lever.At has it. Target is the service that the
// experiment names; "" for the fault's own choice.
func (f Fault) Uses(target string) []string {
	var uses []string
	for _, name := range f.Levers {
		service := cmp.Or(target, f.Service)
		if l, err := lever.Lookup(name); err == nil && l.Service != "" {
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
	Service string // Fault.Service, or the one that the experiment names in its place
}

// Target is one arm, as far as a fault needs it.
type Target interface {
	Name() string
	// Pull puts a lever of a service into force, or renews its lease.
	Pull(ctx context.Context, service, lever string, params any, lease time.Duration) error
	// Release ends a lever; idempotent.
	Release(ctx context.Context, service, lever string) error
	// Ask asks a lever a question, or makes it do something once.
	Ask(ctx context.Context, service, lever string, params, out any) error
	// Lag is the consumer group's lag, in records by partition, as the broker has it.
	Lag(ctx context.Context) (map[int32]int64, error)
	// Answers reports whether a service answers its health check now.
	Answers(ctx context.Context, service string) (bool, error)
}

// Crowd is the population that the load generator draws from, the same for all arms.
type Crowd interface {
	// SetDrift moves it, from the next slot on; setting the same again changes nothing.
	SetDrift(population.Drift)
	// Arrived counts the users that arrived at an arm since the drift last changed, by population.AgeBands, and says
	// when the change took effect; zero: not yet.
	Arrived(arm string) (byBand []int64, since time.Time)
}

// pull is the Injection of one lever of a service.
func pull(site Site, service, name string, params any) Injection {
	return Injection{
		Renew: func(ctx context.Context) error { return site.Arm.Pull(ctx, service, name, params, Lease) },
		Heal:  func(ctx context.Context) error { return site.Arm.Release(ctx, service, name) },
	}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
