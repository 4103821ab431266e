// Package testenv deploys the personalization stack: one arm per instrumentation level, in one of several environments behind
// one interface. Each environment is a package below: process, containers, external. Each of these has the same three types:
// an Environment, its launch, and the arm of a launch.
package testenv

import (
	"context"
	"io"
	"time"

	"github.com/tollgate-dev/tollgate/internal/result"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Environment deploys stacks.
type Environment interface {
	// Name is process, containers or external.
	Name() string
	// Check refuses, before anything starts, what the machine cannot carry; the error says what is short and what to do.
	Check(ctx context.Context, arms int) error
	// Supports says why a fault cannot be injected here, nil if it can. Uses are the levers that it pulls, as lever.At has
	// them.
	Supports(fault string, uses []string) error
	// Size says in a clause how much a launch of so many arms starts, e.g. "29 processes".
	Size(arms int) string
	// Launch deploys all arms and returns when every one is ready to take load. Whatever it started is gone again when
	// it returns an error.
	Launch(ctx context.Context, spec Spec) (Launch, error)
}

// Spec says what to deploy.
type Spec struct {
	Launch int // counts up from 0
	Arms   []ArmSpec
	Seed   int64
	Users  int
	Items  int

	Log io.Writer // takes the logs of everything deployed; nil: nowhere

	RulesFile    string        // rule file that every arm's Prometheus evaluates, already time-lapsed; "" for none
	EvalInterval time.Duration // of rule groups that name none
	Scrape       time.Duration // scrape interval
	Lookback     time.Duration // how old the last sample of a series may be; 0: ten scrapes or evaluations
	Scratch      string        // where what is not kept lies meanwhile; "": the system's temporary directory
	SeriesDir    string        // each arm's series go below it; "": a scratch directory that is removed
	TelemetryDir string        // each arm's spans and logs go into it as OTLP JSON lines; "": not kept
}

// ArmSpec is one arm to deploy.
type ArmSpec struct {
	result.Arm
	Env map[string]string // the level's environment variables
}

// Launch is one deployment of all arms.
type Launch interface {
	Arms() []Arm // in the order of Spec.Arms
	// Lost delivers the first part that ended by itself, as an error that names it and quotes its last log lines.
	Lost() <-chan error
	// StartUp says how long it took, and what took longest.
	StartUp() result.StartUp
	// Close ends everything, gracefully first, and returns when all of it is gone.
	Close(ctx context.Context) error
}

// Arm is one deployed copy of the stack.
type Arm interface {
	Name() string
	Gateway() string    // base URL
	Prometheus() string // base URL of its Prometheus HTTP API

	// Park takes the arm out of the competition for the machine, and Unpark brings it back. Only one arm of a toll slot
	// is unparked. An environment that cannot do it does nothing.
	Park() error
	Unpark() error

	// Usage reads the arm's cumulative CPU time and its memory, by service.
	Usage() (Usage, error)
	// Telemetry reads the arm's cumulative telemetry.
	Telemetry(ctx context.Context) (result.Telemetry, error)
	// Runtime reads what the runtimes of the arm's services report, cumulative, by service; it is empty where they report
	// nothing. To ask costs a service about as much as a request.
	Runtime(ctx context.Context) (map[string]result.Runtime, error)
	// Answers reports whether a service answers its health check now.
	Answers(ctx context.Context, service string) (bool, error)
	// Lag reads the consumer group's lag from the broker, in records, by partition.
	Lag(ctx context.Context) (map[int32]int64, error)
	// Loadgen takes what the load generator saw, to be scraped as the outside view of this arm.
	Loadgen(report Observed)

	// Pull puts a lever of a service into force, or renews its lease; what it did heals by itself when the lease ends. A lever
	// or a service that the arm does not have is an error, here and in the two that follow.
	Pull(ctx context.Context, service, lever string, params any, lease time.Duration) error
	// Release ends a lever; releasing one that is not in force is no error.
	Release(ctx context.Context, service, lever string) error
	// Ask asks a lever a question, or makes it do something once, and decodes the answer into out.
	Ask(ctx context.Context, service, lever string, params, out any) error
}

// Usage is what an arm has used since its start.
type Usage struct {
	CPU  map[string]time.Duration // by service; role.Backing is the broker and store that all arms share
	RSS  map[string]int64         // bytes of anonymous memory, by service
	Peak map[string]int64         // the most that RSS was, by service; a service whose peak is not known is missing
}

// NewUsage is of nothing yet.
func NewUsage() Usage {
	return Usage{CPU: map[string]time.Duration{}, RSS: map[string]int64{}, Peak: map[string]int64{}}
}

// Add adds what one process or container of a service has used; peak is 0 where it is not known. The peak of a service is
// known only if that of all its parts is.
func (u Usage) Add(service string, cpu time.Duration, rss, peak int64) {
	_, more := u.CPU[service]
	_, known := u.Peak[service]
	u.CPU[service] += cpu
	u.RSS[service] += rss
	if peak > 0 && known == more {
		u.Peak[service] += peak
	} else {
		delete(u.Peak, service)
	}
}

// Backing adds the CPU time of the broker and store, whose memory is no arm's own.
func (u Usage) Backing(cpu time.Duration) { u.CPU[role.Backing] += cpu }

// Observed is what the load generator saw of one arm since the last call.
type Observed struct {
	Steps   map[string]int64
	Failed  int64
	Dropped int64
}
