// Package testenv deploys the personalization stack. It deploys one arm per instrumentation level, in one of several
// environments with the same interface. Each environment is a package below this one: process, containers, external. Each has
// the same three types: an Environment, its launch, and the arm of a launch.
package testenv

import (
	"context"
	"io"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/testenv/role"
	"github.com/tollgate-dev/tollgate/testenv/volume"
)

// Environment deploys stacks.
type Environment interface {
	// Name returns process, containers or external.
	Name() string
	// Check returns an error, before anything starts, if the machine cannot carry the plan; the error says what is too little
	// and what to do.
	Check(ctx context.Context, arms int) error
	// Supports returns why a fault cannot be injected here, nil if it can. Uses are the levers that the fault pulls, in the
	// form of lever.At.
	Supports(fault string, uses []string) error
	// Size says in a clause how much a launch of this many arms starts, e.g. "29 processes".
	Size(arms int) string
	// Launch deploys all arms and returns when every arm is ready to take load. If it returns an error, it has removed
	// everything that it started.
	Launch(ctx context.Context, spec Spec) (Launch, error)
}

// Spec says what to deploy.
type Spec struct {
	Run    string // id of the run; "": it belongs to none
	Launch int    // counts up from 0
	Arms   []ArmSpec
	Seed   int64
	Users  int
	Items  int

	// Links puts a link before every service of role.Linked, for the faults that act on them. Environments that do not deploy our
	// own stack have none.
	Links bool

	// Standstill is how long an arm may be parked at once; 0: it never is. Time-outs of what is under way meanwhile allow for it.
	Standstill time.Duration

	Log io.Writer // gets the logs of everything deployed; nil: they are dropped

	RulesFile    string        // rule file that every arm's Prometheus evaluates, already time-lapsed; "" for none
	EvalInterval time.Duration // of rule groups that name none
	Scrape       time.Duration // scrape interval
	Lookback     time.Duration // how old the last sample of a series may be; 0: ten scrapes or evaluations
	Scratch      string        // for temporary files; "": the system's temporary directory
	SeriesDir    string        // the arms' series are kept below it; "": in a scratch directory, which is removed
	TelemetryDir string        // the arms' spans and logs are kept in it, as OTLP JSON lines; "": not kept
}

// ArmSpec is one arm to deploy.
type ArmSpec struct {
	result.Arm
	Env map[string]string // the level's environment variables
}

// Launch is one deployment of all arms.
type Launch interface {
	Arms() []Arm // in the order of Spec.Arms
	// Lost delivers an error when a part has ended by itself. The error names the part and quotes its last log lines; only the
	// first loss is delivered.
	Lost() <-chan error
	// StartUp says how long the launch took, and which parts took longest.
	StartUp() result.StartUp
	// Close ends everything, in order if possible, and returns when all of it is gone.
	Close(ctx context.Context) error
}

// Arm is one deployed copy of the stack.
type Arm interface {
	Name() string
	Gateway() string    // base URL
	Prometheus() string // base URL of its Prometheus HTTP API

	// Park stops the arm, so that it does not compete for the machine; Unpark lets it go on. In a toll slot only one arm is
	// unparked. In an environment that cannot stop an arm, both do nothing.
	Park() error
	Unpark() error

	// Usage reads the arm's cumulative CPU time and its memory, by service.
	Usage() (Usage, error)
	// Telemetry reads the arm's cumulative telemetry.
	Telemetry(ctx context.Context) (result.Telemetry, error)
	// Runtime reads what the runtimes of the arm's services report, cumulative, by service; it is empty if they report nothing.
	// The question costs a service about as much as a request.
	Runtime(ctx context.Context) (map[string]result.Runtime, error)
	// Profiled are the services that can take a CPU profile of themselves, in alphabetical order; none if tollgate knows of none.
	Profiled() []string
	// CPUProfile lets a service take a CPU profile of itself, beginning now, and returns it as pprof's protocol buffer, gzipped. It
	// returns after the length. The service works somewhat more meanwhile, and not at all for it at other times.
	CPUProfile(ctx context.Context, service string, length time.Duration) ([]byte, error)
	// Answers reports whether a service answers its health check now.
	Answers(ctx context.Context, service string) (bool, error)
	// Lag reads the consumer group's lag from the broker, in records, by partition.
	Lag(ctx context.Context) (map[int32]int64, error)
	// Loadgen adds what the load generator saw to the outside view of this arm.
	Loadgen(report Observed)

	// Pull pulls a lever of a service, or renews its lease; its effect heals by itself when the lease ends. Pull, Release and
	// Ask return an error for a lever or a service that the arm does not have.
	Pull(ctx context.Context, service, lever string, params any, lease time.Duration) error
	// Release ends what a lever does; it is no error if the lever is not in force.
	Release(ctx context.Context, service, lever string) error
	// Ask sends a question to a lever, or makes it do something once, and decodes the answer into out.
	Ask(ctx context.Context, service, lever string, params, out any) error
}

// Exporting is an Arm that can tell what telemetry it exports: its pipeline receives it in a process of ours.
type Exporting interface {
	// KeepExports reads what Telemetry does, and keeps the exports that come from that moment on, in memory of the arm's pipeline.
	KeepExports(ctx context.Context) (result.Telemetry, error)
	// HoldExports reads what Telemetry does, and keeps no export that comes after that moment.
	HoldExports(ctx context.Context) (result.Telemetry, error)
	// Exports returns what was kept, at most volume.Most bytes.
	Exports(ctx context.Context) ([]volume.Export, error)
}

// Usage is what an arm has used since its start.
type Usage struct {
	CPU  map[string]time.Duration // by service; role.Backing is the broker and store that all arms share
	RSS  map[string]int64         // bytes of anonymous memory, by service
	Peak map[string]int64         // the highest RSS so far, by service; a service whose peak is not known is missing

	Throttled map[string]int64 // periods in which a CPU quota held the service up, by service; empty where there are no quotas
}

// NewUsage returns a Usage without any services.
func NewUsage() Usage {
	return Usage{CPU: map[string]time.Duration{}, RSS: map[string]int64{}, Peak: map[string]int64{}, Throttled: map[string]int64{}}
}

// Add adds what one process or container of a service has used; peak is 0 if it is not known. The peak of a service is known
// only if the peaks of all its parts are known.
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

// Backing adds the CPU time of the broker and store. Their memory belongs to no arm.
func (u Usage) Backing(cpu time.Duration) { u.CPU[role.Backing] += cpu }

// Observed is what the load generator saw of one arm since the last call.
type Observed struct {
	Steps   map[string]int64
	Failed  int64
	Dropped int64

	Response    []int64 // requests by response time, as in slot.ArmReport; nil: not known
	ResponseSum time.Duration
}
