package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// What the control of arrivals accepts. Which requests are sampled is a matter of luck, and requests at the ends of slots may
// be counted on the other side, so that only what neither explains is wrong.
const (
	fewestTraces = 0.8  // share of the traces that the sampler keeps which must arrive
	mostTraces   = 1.25 // likewise at most; a system may have requests of its own, such as health checks
	arrivalLuck  = 1e-4 // probability that luck alone breaks the control, per level
)

// arrived is what came from all arms of one level in one phase.
type arrived struct {
	telemetry result.Telemetry
	sent      int64 // requests
	answered  int64 // those without an error
}

// signal is the amount of one signal.
func (a arrived) signal(s otelenv.Signal) int64 {
	switch s {
	case otelenv.Traces:
		return a.telemetry.Spans
	case otelenv.Metrics:
		return a.telemetry.DataPoints
	default:
		return a.telemetry.LogRecords
	}
}

// items are what signal counts, in words.
var items = map[otelenv.Signal]string{otelenv.Traces: "spans", otelenv.Metrics: "data points", otelenv.Logs: "log records"}

// arrivals compares what reached the pipelines with what the levels' variables say: what lost its way looks cheap.
type arrivals struct {
	run   result.Run
	level map[string]map[string]arrived // by phase and level
	roots bool                          // the pipeline counts the requests whose trace was sampled

	wrong   []string // what did not arrive as it should have, one level and signal each
	reasons []string // what may be wrong, and what to do
	shares  []string // of the requests whose traces arrived, by level
}

// telemetryArrives is the control over a run's slots; false if no telemetry of the run is known.
func telemetryArrives(run result.Run, slots []result.Slot) (Control, bool) {
	a := arrivals{run: run, level: map[string]map[string]arrived{}}
	levelOf := map[string]string{} // in the catch, arms are named after their levels
	for _, l := range run.Levels {
		levelOf[l.Name] = l.Name
	}
	for _, arm := range run.Arms {
		levelOf[arm.Name] = arm.Level
	}
	known := false
	for _, s := range slots {
		if s.Phase != slot.Toll && s.Phase != slot.Catch { // the search for the capacity overloads the arms, and does not meter them
			continue
		}
		level := levelOf[s.Arm]
		if a.level[s.Phase] == nil {
			a.level[s.Phase] = map[string]arrived{}
		}
		sum := a.level[s.Phase][level]
		sum.telemetry.Spans += s.Telemetry.Spans
		sum.telemetry.Roots += s.Telemetry.Roots
		sum.telemetry.DataPoints += s.Telemetry.DataPoints
		sum.telemetry.LogRecords += s.Telemetry.LogRecords
		sum.telemetry.Refused += s.Telemetry.Refused
		sum.sent += s.Work.Sent
		sum.answered += s.Work.Sent - s.Work.Failed
		a.level[s.Phase][level] = sum
		a.roots = a.roots || s.Telemetry.Roots > 0
		known = known || s.Telemetry != result.Telemetry{}
	}
	if !known {
		return Control{}, false
	}
	for i, l := range run.Levels {
		for _, signal := range otelenv.Signals() {
			a.judge(l, signal, i == 0)
		}
	}
	c := Control{
		Name: "telemetry arrives", OK: len(a.wrong) == 0, Saw: strings.Join(a.wrong, "; "),
		Want:   "what a level's variables switch on, in its sampler's amount, and nothing else",
		Remedy: cmp.Or(strings.Join(a.reasons, "; "), "look at the level's variables, and in the services' logs for failed exports"),
	}
	if c.OK {
		c.Saw = fmt.Sprintf("at %d levels, each signal that is on and none that is off", len(run.Levels))
		if len(a.shares) > 0 {
			c.Saw += "; traces of " + strings.Join(a.shares, ", ") + " of the requests"
		}
	}
	return c, true
}

// judge judges one signal of one level, in every phase with load.
func (a *arrivals) judge(l result.Level, signal otelenv.Signal, baseline bool) {
	state := signal.State(l.Env)
	if state == otelenv.Unset && a.run.Environment != "external" { // our own stack does what the specification says
		state = otelenv.OTLP
	}
	for _, phase := range []string{slot.Toll, slot.Catch} {
		got, any := a.level[phase][l.Name]
		if !any || got.sent == 0 {
			continue
		}
		n := got.signal(signal)
		switch {
		case state == otelenv.Off && n > 0:
			a.fail(l, signal, "expected none, %d %s arrived", n, items[signal])
			a.reason("something exports %s although its variables switch them off: an SDK that is set up in code, or an agent", signal)
		case state == otelenv.Unset && baseline && n > 0:
			a.fail(l, signal, "the baseline says nothing about them, and %d %s arrived", n, items[signal])
			a.reason("say what the baseline is: OTEL_SDK_DISABLED=true, or %s=otlp if it is to have them", signal.Exporter())
		case state != otelenv.OTLP:
			continue
		case n == 0 && signal == otelenv.Logs && !a.missesLogs(l, phase):
			continue
		case n == 0 && !a.tooFew(got, l, signal):
			a.fail(l, signal, "expected %s, none arrived", a.expected(got, l, signal))
			a.lost(got, signal)
		case signal == otelenv.Traces && phase != slot.Catch: // faults lose requests and spans
			if !a.amount(got, l) {
				return
			}
			continue
		default:
			continue
		}
		return
	}
}

// lost gives the likely reason for a signal that does not arrive at all.
func (a *arrivals) lost(got arrived, signal otelenv.Signal) {
	if got.telemetry.Refused > 0 {
		a.reason("the pipeline refused %d items: see its log", got.telemetry.Refused)
		return
	}
	a.reason("the services do not export %s, or export them to somewhere else: look in their logs for failed exports, and for an endpoint or an exporter that is set in code; "+
		"set %s=none for a level whose services have none", signal, signal.Exporter())
}

// sampled is the share of requests whose traces the level keeps. Without a sampler our own stack keeps all, and a system of the
// user's own may have a sampler in its own files.
func (a *arrivals) sampled(l result.Level) (share float64, known bool) {
	if l.Env[otelenv.Sampler] == "" && a.run.Environment != "external" {
		return 1, true
	}
	return otelenv.Sampled(l.Env)
}

// missesLogs says that a level without any log record should have had some. The services of our own stack only log what is out
// of the ordinary, which may not happen in a short run. So a level is compared with the others that log as much: there must have
// been so many that luck does not explain none. A system of the user's own is taken to log something.
func (a *arrivals) missesLogs(l result.Level, phase string) bool {
	if a.run.Environment == "external" {
		return true
	}
	expected := 0.0
	for _, other := range a.run.Levels {
		if got := a.level[phase][other.Name]; got.sent > 0 && other.Env[role.EnvLogLevel] == l.Env[role.EnvLogLevel] {
			expected = max(expected, float64(got.telemetry.LogRecords)/float64(got.sent)*float64(a.level[phase][l.Name].sent))
		}
	}
	return math.Exp(-expected) < arrivalLuck
}

// tooFew says that a sampler may by luck have kept no trace at all of so few requests.
func (a *arrivals) tooFew(got arrived, l result.Level, signal otelenv.Signal) bool {
	share, known := a.sampled(l)
	return signal == otelenv.Traces && (!known || atMost(0, got.answered, fewestTraces*share) >= arrivalLuck)
}

// amount compares the traces with what the sampler says, and reports whether that agrees. Where the pipeline does not count
// them, the spans tell at least that there are not too few: every trace has one.
func (a *arrivals) amount(got arrived, l result.Level) bool {
	share, known := a.sampled(l)
	if !known {
		return true
	}
	seen, what := got.telemetry.Roots, "traces"
	if !a.roots {
		seen, what = got.telemetry.Spans, "spans"
	}
	few := atMost(seen, got.answered, fewestTraces*share) < arrivalLuck
	many := a.roots && share < 1 && 1-atMost(seen-1, got.sent, min(1, mostTraces*share)) < arrivalLuck
	if few || many {
		a.fail(l, otelenv.Traces, "expected %s, %d %s arrived", a.expected(got, l, otelenv.Traces), seen, what)
	}
	switch {
	case few:
		a.reason("spans are lost on the way: a queue that overflows (OTEL_BSP_MAX_QUEUE_SIZE), exports that fail, or a service that exports to somewhere else")
	case many:
		a.reason("the services do not read %s: a sampler that is set in code, or callers that decide", otelenv.Sampler)
	case a.roots:
		a.shares = append(a.shares, fmt.Sprintf("%.3g %% (%s)", 100*float64(seen)/float64(max(1, got.sent)), l.Name))
	}
	return !few && !many
}

// expected is what should have arrived, in words.
func (a *arrivals) expected(got arrived, l result.Level, signal otelenv.Signal) string {
	share, known := a.sampled(l)
	if signal != otelenv.Traces || !known {
		return "some"
	}
	return fmt.Sprintf("traces of about %.0f of %d requests (%s%s)", share*float64(got.sent), got.sent,
		cmp.Or(l.Env[otelenv.Sampler], "no sampler: always_on"), argument(l))
}

func argument(l result.Level) string {
	if arg := l.Env[otelenv.SamplerArg]; arg != "" {
		return " " + arg
	}
	return ""
}

func (a *arrivals) fail(l result.Level, signal otelenv.Signal, format string, args ...any) {
	a.wrong = append(a.wrong, fmt.Sprintf("level %s: %s: ", l.Name, signal)+fmt.Sprintf(format, args...))
}

func (a *arrivals) reason(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(a.reasons, text) {
		a.reasons = append(a.reasons, text)
	}
}

// atMost is the probability of at most k of n requests, each chosen with a probability.
func atMost(k, n int64, probability float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	case probability >= 1:
		return 0
	}
	return distuv.Binomial{N: float64(n), P: probability}.CDF(float64(k))
}
