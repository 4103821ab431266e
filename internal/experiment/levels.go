package experiment

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Level is a shipped level by its name, or one of the user's own.
type Level struct{ result.Level }

// ownLevel is the long form of a level.
type ownLevel struct {
	Name  string            `yaml:"name"`
	Title string            `yaml:"title"`
	Env   map[string]string `yaml:"env"`
}

// UnmarshalYAML takes a name or a mapping.
func (l *Level) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		shipped, err := testenv.Level(node.Value)
		if err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		l.Level = shipped
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 { // Node.Decode does not pass strictness on
		if keys := keysOf("ownLevel"); !slices.Contains(keys, node.Content[i].Value) {
			return fmt.Errorf("line %d: unknown key %q: legal keys here are %s", node.Content[i].Line, node.Content[i].Value, strings.Join(keys, ", "))
		}
	}
	var own ownLevel
	if err := node.Decode(&own); err != nil {
		return err
	}
	l.Level = result.Level{Name: own.Name, Title: own.Title, Env: own.Env}
	return nil
}

// MarshalYAML writes a shipped level as its name, any other in full.
func (l Level) MarshalYAML() (any, error) {
	if shipped, err := testenv.Level(l.Name); err == nil && reflect.DeepEqual(shipped, l.Level) {
		return l.Name, nil
	}
	return ownLevel{Name: l.Name, Title: l.Title, Env: l.Env}, nil
}

// own are the variables of this stack that a level may set. The harness sets the others.
var own = role.LevelVariables()

// levelName is what a level may be called: it becomes a directory, a topic prefix and part of a tag.
var levelName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// reserved are the names of the control arms.
var reserved = []string{RepeatArm, DelayArm}

func (e *Experiment) validateLevels(c *complaints) {
	if len(e.Levels) == 0 {
		c.add("levels: at least the baseline must be named")
	}
	seen := map[string]bool{}
	for _, l := range e.Levels {
		switch {
		case !levelName.MatchString(l.Name):
			c.add("levels: name %q must be lower-case letters, digits and hyphens, at most 31 of them", l.Name)
		case slices.Contains(reserved, l.Name):
			c.add("levels: %q is the name of a control arm", l.Name)
		case seen[l.Name]:
			c.add("levels: %s is listed twice", l.Name)
		}
		seen[l.Name] = true
		if _, err := collector.ParseTail(l.Env[role.EnvTailSampling]); err != nil {
			c.add("levels: %s: %v", l.Name, err)
		}
		if err := e.checkOwn(l.Env); err != nil {
			c.add("levels: %s: %v", l.Name, err)
		}
		for _, key := range slices.Sorted(maps.Keys(l.Env)) {
			if !strings.HasPrefix(key, "OTEL_") && !slices.Contains(own, key) && e.Environment != "external" {
				c.add("levels: %s: variable %s: a level is made of OTEL_* and %s", l.Name, key, strings.Join(own, ", "))
			}
			if takenOut(l.Env[key]) {
				c.add("levels: %s: variable %s: its value was taken out when the experiment was printed: put it in again", l.Name, key)
			}
		}
		for _, f := range otelenv.Check(l.Env, e.reader()) {
			if f.Wrong && !takenOut(l.Env[f.Variable]) {
				c.add("levels: %s: %s", l.Name, f)
			}
		}
	}
}

// checkOwn refuses what our services would refuse of the variables of theirs that a level may set. Others are no business of it.
func (e *Experiment) checkOwn(env map[string]string) error {
	if e.Environment == "external" {
		return nil
	}
	_, err := role.FromEnv(func(name string) string {
		if name == role.EnvRefresh || name == role.EnvLogLevel || name == role.EnvItemLabels {
			return env[name]
		}
		return ""
	})
	return err
}

// reader is who reads the variables of a level.
func (e *Experiment) reader() otelenv.Reader {
	if e.Environment == "external" {
		return otelenv.System
	}
	return otelenv.Stack
}

// Notes says what is legal in the experiment and may surprise: variables of its levels that do something else than they seem to.
func (e *Experiment) Notes() []string {
	var notes []string
	for _, l := range e.Levels {
		for _, f := range otelenv.Check(l.Env, e.reader()) {
			if !f.Wrong {
				notes = append(notes, fmt.Sprintf("level %s: %s", l.Name, f))
			}
		}
		notes = append(notes, e.ownPipeline(l)...)
	}
	if e.Environment == "external" && len(e.External.URLs) > 0 && slices.ContainsFunc(e.Levels, func(l Level) bool { return len(l.Env) > 0 }) {
		notes = append(notes, "external.urls: tollgate does not set the levels' variables: the deployments run already, with what they were started with")
	}
	return notes
}

// ownPipeline says which variables of a level have no effect because tollgate's pipeline takes the telemetry.
func (e *Experiment) ownPipeline(l Level) []string {
	if _, theirs := e.External.Prometheus[l.Name]; theirs || e.Environment != "external" || len(e.External.URLs) > 0 {
		return nil
	}
	names := otelenv.Overridden(l.Env, otelenv.Export(otelenv.Pipeline{}, l.Env))
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("level %s: %s: tollgate sets another value, so that the telemetry goes to its own pipeline", l.Name, strings.Join(names, ", "))}
}
