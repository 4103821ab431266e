package experiment

import (
	"maps"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/core/secret"
	"github.com/tollgate-dev/tollgate/internal/otelenv"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Public is the variables of a level as reports and printed experiments show them. It shows the values of the variables of the
// OpenTelemetry specification, of those of this stack, and of those that the experiment names in show_env, but for what looks like a
// credential in them. It hides all other values, whatever the variable's name is.
func (e *Experiment) Public(env map[string]string) map[string]string {
	out := maps.Clone(env)
	for name, value := range out {
		switch {
		case value == "":
		case otelenv.Public(name), slices.Contains(own, name), slices.Contains(e.ShowEnv, name):
			out[name] = secret.Hide(value)
		default:
			out[name] = secret.Hidden
		}
	}
	return out
}

// takenOut reports whether a value has been hidden, in whole or in part.
func takenOut(value string) bool { return strings.Contains(value, secret.Hidden) }

// validateShown refuses names whose values should not be shown, and those that no level sets.
func (e *Experiment) validateShown(c *complaints) {
	for _, name := range e.ShowEnv {
		set := slices.ContainsFunc(e.Levels, func(l Level) bool {
			_, set := l.Env[name]
			return set
		})
		switch {
		case secret.Holds(name) || otelenv.Secret(name):
			c.add("show_env: %s: a variable of this name holds a secret, and run directories and reports are passed on: leave it out", name)
		case !set:
			c.add("show_env: no level sets %q", name)
		}
	}
}

// publicSystem hides credentials in the addresses of a system.
func publicSystem(s testenv.System) testenv.System {
	s.URLs, s.Prometheus, s.Proxies = maps.Clone(s.URLs), maps.Clone(s.Prometheus), maps.Clone(s.Proxies)
	s.Health = secret.Hide(s.Health)
	for level, text := range s.URLs {
		s.URLs[level] = secret.Hide(text)
	}
	for level, p := range s.Prometheus {
		p.URL = secret.Hide(p.URL)
		s.Prometheus[level] = p
	}
	s.Pprof = maps.Clone(s.Pprof)
	for level, services := range s.Pprof {
		s.Pprof[level] = maps.Clone(services)
		for service, text := range services {
			s.Pprof[level][service] = secret.Hide(text)
		}
	}
	for service, p := range s.Proxies {
		p.URL = secret.Hide(p.URL)
		s.Proxies[service] = p
	}
	return s
}
