package experiment

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/faults"
)

// stepName is what a step of a script may be called.
var stepName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// validateExternal refuses a description by which no system can be found. Whether the system is there shows later, when the
// environment is checked.
func (e *Experiment) validateExternal(c *complaints) {
	if e.Environment != "external" {
		if e.Journeys.Script != "" {
			c.add("journeys.script: a script of your own is for environment external; the stack of environment %s speaks our API", e.Environment)
		}
		return
	}
	s := e.External
	if script := e.Journeys.Script; script != "" {
		if info, err := os.Stat(script); err != nil {
			c.add("journeys.script: %v", err)
		} else if !info.Mode().IsRegular() {
			c.add("journeys.script: %s is no file", script)
		}
		if e.Journeys.File != "" {
			c.add("journeys.script and journeys.file exclude each other: the script makes the whole load")
		}
	}
	if step := e.Journeys.Step; step != "" && (e.Journeys.Script == "" || !stepName.MatchString(step)) {
		c.add("journeys.step: want the tag of a step of journeys.script, of lower-case letters, digits and hyphens, got %q", step)
	}
	switch compose := len(s.Compose.File) > 0; {
	case compose == (len(s.URLs) > 0):
		c.add("external: name either compose.file, which is started once per arm, or urls, the deployments that exist already")
	case compose:
		e.validateCompose(c)
	default:
		e.validateURLs(c)
	}
	if len(s.Prometheus) > 0 {
		e.perLevel(c, "external.prometheus", slices.Collect(maps.Keys(s.Prometheus)))
		if e.Alerts.Lapse != 1 {
			c.add("alerts.lapse must be 1, got %v: a Prometheus of your own (external.prometheus) evaluates the rules as they are written", e.Alerts.Lapse)
		}
	}
	for _, level := range slices.Sorted(maps.Keys(s.Prometheus)) {
		c.url("external.prometheus: "+level, s.Prometheus[level].URL)
	}
	e.validatePprof(c)
	for _, fault := range slices.Sorted(maps.Keys(s.Targets)) {
		if _, err := faults.Lookup(fault); err != nil {
			c.add("external.targets: %v", err)
		}
		if s.Targets[fault] == "" {
			c.add("external.targets: %s: name the service that it may be injected into", fault)
		}
	}
	for _, service := range slices.Sorted(maps.Keys(s.Proxies)) {
		c.url("external.proxies: "+service, s.Proxies[service].URL)
		if s.Proxies[service].Name == "" {
			c.add("external.proxies: %s: name is missing: what Toxiproxy calls the proxy", service)
		}
	}
}

func (e *Experiment) validateCompose(c *complaints) {
	s := e.External
	for _, file := range s.Compose.File {
		if info, err := os.Stat(file); err != nil {
			c.add("external.compose.file: %v", err)
		} else if info.IsDir() {
			c.add("external.compose.file: %s is a directory", file)
		}
	}
	if s.Compose.Service == "" {
		c.add("external.compose.service: name the service that takes the load")
	}
	within(c, "external.compose.port", s.Compose.Port, 1, 65535)
	if len(s.Containers) > 0 {
		c.add("external.containers is for external.urls: Compose says itself which containers it has started")
	}
}

func (e *Experiment) validateURLs(c *complaints) {
	s := e.External
	e.perLevel(c, "external.urls", slices.Collect(maps.Keys(s.URLs)))
	for _, level := range slices.Sorted(maps.Keys(s.URLs)) {
		c.url("external.urls: "+level, s.URLs[level])
	}
	if len(s.Containers) == 0 {
		return
	}
	e.perLevel(c, "external.containers", slices.Collect(maps.Keys(s.Containers)))
	want := slices.Sorted(maps.Keys(s.Containers[e.base()]))
	for _, level := range slices.Sorted(maps.Keys(s.Containers)) {
		if got := slices.Sorted(maps.Keys(s.Containers[level])); !slices.Equal(got, want) {
			c.add("external.containers: %s names %s, and %s %s: levels are compared by the same services", level, strings.Join(got, ", "), e.base(), strings.Join(want, ", "))
		}
		for service, container := range s.Containers[level] {
			if container == "" {
				c.add("external.containers: %s: %s: the name of its container is missing", level, service)
			}
		}
	}
}

// base is the name of the baseline; "" without levels.
func (e *Experiment) base() string {
	if len(e.Levels) == 0 {
		return ""
	}
	return e.Levels[0].Name
}

// perLevel complains about a mapping that does not have exactly the levels.
func (e *Experiment) perLevel(c *complaints, key string, got []string) {
	var want []string
	for _, l := range e.Levels {
		want = append(want, l.Name)
		if !slices.Contains(got, l.Name) {
			c.add("%s: level %s is missing", key, l.Name)
		}
	}
	slices.Sort(got)
	for _, name := range got {
		if !slices.Contains(want, name) {
			c.add("%s: there is no level %q: legal names are %s", key, name, strings.Join(want, ", "))
		}
	}
}
