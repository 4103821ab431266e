package otelenv

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/tollgate-dev/tollgate/internal/core/secret"
)

// Reader is who reads the variables.
type Reader int

// Readers.
const (
	// Stack is tollgate's own stack. Its SDK is that of Go, and tollgate sets where its telemetry goes.
	Stack Reader = iota
	// System is a system of the user's own, in any language: every value of the specification may be right.
	System
)

// Finding is one variable whose value does not mean what its writer may think.
type Finding struct {
	Variable string
	Value    string // without credentials; "" where all of it may be one
	Rule     string // what the specification or the reader says, in a clause
	Wrong    bool   // the level would not be what it says; otherwise it is only worth knowing
}

// String returns the variable, its value and the rule.
func (f Finding) String() string {
	if f.Value == "" {
		return fmt.Sprintf("variable %s: %s", f.Variable, f.Rule)
	}
	return fmt.Sprintf("variable %s: %q: %s", f.Variable, f.Value, f.Rule)
}

// Check returns what is wrong or surprising in the variables of a level, sorted by variable. Variables that do not begin with
// OTEL_ are not looked at.
func Check(env map[string]string, reader Reader) []Finding {
	c := &checker{env: env, reader: reader}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(name, prefix) {
			c.variable(name, env[name])
		}
	}
	c.samplerArg()
	c.batches("OTEL_BSP", 2048, 512)
	c.batches("OTEL_BLRP", 2048, 512)
	slices.SortStableFunc(c.found, func(a, b Finding) int { return cmp.Compare(a.Variable, b.Variable) })
	return c.found
}

// checker collects findings.
type checker struct {
	env    map[string]string
	reader Reader
	found  []Finding
}

func (c *checker) add(name string, wrong bool, format string, args ...any) {
	f := Finding{Variable: name, Value: c.env[name], Rule: fmt.Sprintf(format, args...), Wrong: wrong}
	if f.Value = secret.Hide(f.Value); !Public(name) {
		f.Value = ""
	}
	c.found = append(c.found, f)
}

// variable checks one variable by itself. An empty value is as good as none.
func (c *checker) variable(name, value string) {
	rule, known := variables[name]
	switch {
	case !known:
		c.unknown(name)
	case value == "":
	case c.reader == Stack && rule.ours != "":
		c.add(name, true, "%s", rule.ours)
	default:
		if said := rule.check(value, c.reader); said != "" {
			c.add(name, true, "%s", said)
			return
		}
		if said := rule.warn(value, c.reader); said != "" {
			c.add(name, false, "%s", said)
		}
	}
}

// foreign are the beginnings of variables that belong to one language or to one of its instrumentations.
var foreign = []string{
	"OTEL_JAVA", "OTEL_INSTRUMENTATION_", "OTEL_PYTHON_", "OTEL_NODE_", "OTEL_DOTNET_", "OTEL_PHP_", "OTEL_RUBY_", "OTEL_RUST_", "OTEL_CPP_",
	"OTEL_SWIFT_", "OTEL_ERLANG_", "OTEL_GO_", "OTEL_JMX_", "OTEL_RESOURCE_", "OTEL_SEMCONV_", "OTEL_EXPERIMENTAL_", "OTEL_TRACES_SAMPLER_", "OTEL_AWS_", "OTEL_LAMBDA_",
}

// unknown says that the specification has no such variable. One that is a letter or two from a known one is a mistake.
func (c *checker) unknown(name string) {
	own := slices.ContainsFunc(foreign, func(p string) bool { return strings.HasPrefix(name, p) })
	if near := nearest(name); near != "" && !own {
		c.add(name, true, "the specification has no such variable: did you mean %s?", near)
		return
	}
	if own && (c.reader == System || strings.HasPrefix(name, "OTEL_GO_X_")) {
		return
	}
	if c.reader == Stack {
		c.add(name, false, "the OpenTelemetry SDK for Go, which this stack uses, does not read it")
		return
	}
	c.add(name, false, "the specification has no such variable: it only works if your SDK has one of its own")
}

// samplerArg checks the argument against the sampler that it belongs to.
func (c *checker) samplerArg() {
	arg, sampler := c.env[SamplerArg], strings.ToLower(c.env[Sampler])
	if arg == "" {
		return
	}
	switch {
	case sampler == "" && c.reader == System: // the system's own files may name the sampler
	case sampler == "":
		c.add(SamplerArg, true, "an argument without %s: without a sampler every trace is kept (parentbased_always_on)", Sampler)
	case strings.HasSuffix(sampler, "traceidratio"):
		share, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(share >= 0 && share <= 1) {
			c.add(SamplerArg, true, "the argument of %s is a ratio from 0 to 1%s; with any other value the SDK keeps every trace", sampler, percentage(share, err))
		}
	case strings.HasSuffix(sampler, "always_on"), strings.HasSuffix(sampler, "always_off"):
		c.add(SamplerArg, true, "the sampler %s takes no argument: for a share of the traces use parentbased_traceidratio", sampler)
	}
}

// percentage suggests the ratio that somebody may have meant who wrote a number of per cent.
func percentage(number float64, err error) string {
	if err != nil || !(number > 1 && number <= 100) {
		return ""
	}
	return fmt.Sprintf(" (%g %% is %g)", number, number/100)
}

// batches checks the sizes of a batch processor, which has defaults for those that are not set.
func (c *checker) batches(prefix string, queue, batch int) {
	size := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(c.env[name]); err == nil {
			return n
		}
		return otherwise
	}
	most, one := prefix+"_MAX_QUEUE_SIZE", prefix+"_MAX_EXPORT_BATCH_SIZE"
	if c.env[most] == "" && c.env[one] == "" {
		return
	}
	if q, b := size(most, queue), size(one, batch); b > q {
		name := one
		if c.env[one] == "" {
			name = most
		}
		c.add(name, true, "a batch of %d does not fit into a queue of %d: %s must not be greater than %s", b, q, one, most)
	}
}

// nearest returns the known variable that differs from a name in at most two letters; "" if there is none.
func nearest(name string) string {
	best, least := "", 3
	for _, known := range slices.Sorted(maps.Keys(variables)) {
		if d := levenshtein.ComputeDistance(name, known); d < least {
			best, least = known, d
		}
	}
	return best
}
