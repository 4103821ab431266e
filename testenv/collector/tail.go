package collector

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Limits of Tail.Wait.
const (
	DefaultWait = time.Second
	maxWait     = time.Minute
)

// Tail is tail sampling: the services send every span, and the Collector decides about a whole trace after it has seen the
// trace. It keeps a trace if Errors, Slow or Share says so.
type Tail struct {
	Errors bool          // keep traces with a span whose status is error
	Slow   time.Duration // keep traces that took longer, whole milliseconds; zero: duration does not matter
	Share  float64       // keep this share of the rest, from 0 to 1, chosen by trace id
	Wait   time.Duration // from the first span of a trace to the decision, in whole seconds; zero: DefaultWait
}

// tailParts are the legal parts of the text that ParseTail reads.
const tailParts = "errors, slow=DURATION, share=FROM_0_TO_1, wait=SECONDS, e.g. errors,slow=250ms,share=0.1,wait=1s"

// ParseTail reads the value of PERSO_TAIL_SAMPLING: parts separated by commas. At least one part must keep something. The empty
// text means no tail sampling and gives nil. The processor looks at its traces once a second, so the wait is in whole seconds,
// and the decision comes up to a second after it. An error names the part and lists the legal ones.
func ParseTail(text string) (*Tail, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	t, seen := &Tail{Wait: DefaultWait}, map[string]bool{}
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if seen[name] {
			return nil, fmt.Errorf("%s: %s is there twice in %q", role.EnvTailSampling, name, text)
		}
		seen[name] = true
		if err := t.set(name, value, strings.Contains(part, "=")); err != nil {
			return nil, fmt.Errorf("%s: %w: legal parts are %s", role.EnvTailSampling, err, tailParts)
		}
	}
	if !seen["errors"] && !seen["slow"] && !seen["share"] {
		return nil, fmt.Errorf("%s: %q keeps nothing: legal parts are %s", role.EnvTailSampling, text, tailParts)
	}
	return t, nil
}

func (t *Tail) set(name, value string, hasValue bool) (err error) {
	switch name {
	case "errors":
		if t.Errors = !hasValue; hasValue {
			return fmt.Errorf("errors takes no value, got %q", value)
		}
	case "slow":
		if t.Slow, err = time.ParseDuration(value); err != nil || t.Slow < time.Millisecond || t.Slow%time.Millisecond != 0 {
			return fmt.Errorf("slow must be a duration of whole milliseconds, got %q", value)
		}
	case "share":
		if t.Share, err = strconv.ParseFloat(value, 64); err != nil || math.IsNaN(t.Share) || t.Share < 0 || t.Share > 1 {
			return fmt.Errorf("share must be from 0 to 1, got %q", value)
		}
	case "wait":
		if t.Wait, err = time.ParseDuration(value); err != nil || t.Wait < time.Second || t.Wait > maxWait || t.Wait%time.Second != 0 {
			return fmt.Errorf("wait must be from %v to %v in whole seconds, got %q", time.Second, maxWait, value)
		}
	default:
		return fmt.Errorf("unknown part %q", name)
	}
	return nil
}

// String returns the text that ParseTail reads.
func (t Tail) String() string {
	var parts []string
	if t.Errors {
		parts = append(parts, "errors")
	}
	if t.Slow > 0 {
		parts = append(parts, "slow="+t.Slow.String())
	}
	if t.Share > 0 || len(parts) == 0 {
		parts = append(parts, "share="+strconv.FormatFloat(t.Share, 'g', -1, 64))
	}
	return strings.Join(append(parts, "wait="+t.wait().String()), ",")
}

func (t Tail) wait() time.Duration {
	if t.Wait == 0 {
		return DefaultWait
	}
	return t.Wait
}

// into appends tail sampling to the pipeline of traces, and counts what is kept.
//
// Traces leave the sampler one by one and in no order. The count connector would make one delta of each trace, as old as its
// spans. Prometheus drops a delta that is older than the one before, so most would be lost. The connector span_metrics adds up
// first, and counts by its own clock; filter and transform turn its calls into the counts of the count connector.
func (t Tail) into(f *file, before []string) {
	f.Processors["tail_sampling"] = t.config()
	f.Processors["batch/kept"] = object{"timeout": "200ms", "send_batch_size": 4096, "send_batch_max_size": 4096} // within gRPC's 4 MiB
	f.Processors["filter/kept"] = object{"metrics": object{"datapoint": list{
		`attributes["perso.reason"] == nil or attributes["perso.reason"] == "none" or attributes["perso.reason"] == ""`,
	}}}
	f.Processors["transform/kept"] = object{"metric_statements": list{
		`set(metric.name, "` + spanCount + `")`, `set(metric.description, "` + spanCountDescription + `")`,
	}}
	f.Connectors["count"] = object{"logs": logCounts()}
	f.Connectors["span_metrics/kept"] = object{
		"namespace":               "perso.span",
		"dimensions":              list{object{"name": "perso.reason"}},
		"exclude_dimensions":      list{"service.name", "span.name", "span.kind", "status.code", "collector.instance.id"},
		"histogram":               object{"disable": true},
		"aggregation_temporality": "AGGREGATION_TEMPORALITY_DELTA",
		"metrics_flush_interval":  "200ms",
		"add_resource_attributes": true,
	}
	f.Service.Pipelines[Traces] = &pipeline{
		Receivers: []string{"otlp"}, Processors: append(slices.Clone(before), "tail_sampling", "batch/kept"), Exporters: []string{"span_metrics/kept"},
	}
	f.Service.Pipelines[Traces+"/"+countedPart] = &pipeline{
		Receivers: []string{"otlp"}, Processors: append(slices.Clone(before), "batch"), Exporters: []string{"count/all"},
	}
	f.Service.Pipelines[Metrics+"/kept"] = &pipeline{
		Receivers: []string{"span_metrics/kept"}, Processors: []string{"filter/kept", "transform/kept"}, Exporters: []string{"otlp_http"},
	}
}

// config returns the configuration of the processor tail_sampling. Its policies are alternatives: a trace is kept if one of
// them says yes.
func (t Tail) config() object {
	var policies list
	policy := func(name, kind string, with object) {
		policies = append(policies, object{"name": name, "type": kind, kind: with})
	}
	if t.Errors {
		policy("errors", "status_code", object{"status_codes": list{"ERROR"}})
	}
	if t.Slow > 0 {
		policy("slow", "latency", object{"threshold_ms": t.Slow.Milliseconds()})
	}
	if t.Share > 0 || len(policies) == 0 {
		policy("share", "probabilistic", object{"sampling_percentage": 100 * t.Share})
	}
	return object{"decision_wait": t.wait().String(), "policies": policies}
}
