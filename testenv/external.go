package testenv

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv/compose"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// System is a system that is not ours, as an experiment names it: a Compose file that is started once per arm, or
// deployments that exist already, one per level.
type System struct {
	Compose    SystemCompose                `yaml:"compose,omitempty"`
	URLs       map[string]string            `yaml:"urls,omitempty"`       // base URLs, by level
	Health     string                       `yaml:"health,omitempty"`     // path that answers 200 when all is well; "" for /
	Containers map[string]map[string]string `yaml:"containers,omitempty"` // of the deployments: names, by level and service
	Prometheus map[string]SystemPrometheus  `yaml:"prometheus,omitempty"` // theirs, by level; none: ours
	Targets    map[string]string            `yaml:"targets,omitempty"`    // by fault: the one service that it may be injected into
	Proxies    map[string]SystemProxy       `yaml:"proxies,omitempty"`    // Toxiproxy's, by the service that is behind
}

// SystemCompose is a system as a Compose file.
type SystemCompose struct {
	File         string   `yaml:"file,omitempty"`
	Service      string   `yaml:"service,omitempty"`           // which takes the load
	Port         int      `yaml:"port,omitempty"`              // at this port of its container
	Instrumented []string `yaml:"instrumented,omitempty,flow"` // services that get the level's variables; none: all
}

// SystemPrometheus is a Prometheus that evaluates the alerts of one level.
type SystemPrometheus struct {
	URL   string            `yaml:"url"`
	Match map[string]string `yaml:"match,omitempty,flow"` // labels of this level's alerts, where one Prometheus has several levels'
}

// SystemProxy is a proxy of a Toxiproxy.
type SystemProxy struct {
	URL  string `yaml:"url"`  // of Toxiproxy's API
	Name string `yaml:"name"` // of the proxy
}

// FrontService is what the deployments of System.URLs are called as a service, since they have no name of their own.
const FrontService = "front"

// front is the service that takes the load.
func (s System) front() string { return cmp.Or(s.Compose.Service, FrontService) }

// composed reports whether the arms are made from a Compose file.
func (s System) composed() bool { return s.Compose.File != "" }

// health is the path of the health check.
func (s System) health() string { return "/" + strings.TrimPrefix(s.Health, "/") }

var _ Environment = (*External)(nil)

// External is the environment of a system that is not ours. In front of every arm stands a door, alike for all. The zero
// value needs Binary and System.
type External struct {
	System
	Binary      string       // tollgate itself: doors, guard, pipelines
	StackBinary string       // what the image of our pipeline is made of; "" for Binary
	Script      bool         // a script of the user's makes the load, and no population of ours
	Say         func(string) // takes a line about what takes long before the launch; nil: nobody

	engine *engine.Engine // nil: nothing of the system is in one that we know of
	file   *compose.File
	stack  string // reference of the image of our pipeline
	notes  []string
}

// Name is "external".
func (*External) Name() string { return "external" }

// Size counts what is known beforehand: the doors.
func (e *External) Size(arms int) string {
	if e.composed() {
		return fmt.Sprintf("%d copies of %s, %d doors", arms, e.Compose.File, arms)
	}
	return fmt.Sprintf("%d doors", arms)
}

// Notes say how the arms differ from what the user's file says, after Check.
func (e *External) Notes() []string { return e.notes }

// latency is the control of a proxy.
const latency = "latency"

// Supports says why a fault cannot be injected: it may only act on what the experiment names as its target.
func (e *External) Supports(fault string, uses []string) error {
	for _, use := range uses {
		service, control, _ := strings.Cut(use, "/")
		target := e.Targets[fault]
		_, notVerb := engine.LookupVerb(control)
		switch {
		case use == "crowd" && e.Script:
			return errors.New("it moves the population behind our journeys, and the load is a script of the user's own")
		case use == "crowd":
		case control == latency:
			if _, ok := e.Proxies[cmp.Or(target, service)]; !ok {
				return fmt.Errorf("no proxy of %s is named: external.proxies: {%s: {url: …, name: …}}", cmp.Or(target, service), cmp.Or(target, service))
			}
		case notVerb != nil:
			return fmt.Errorf("%s is a part of our own stack", use)
		case target == "":
			return fmt.Errorf("no target is named: external.targets: {%s: SERVICE}", fault)
		case !e.composed() && len(e.Containers) == 0:
			return fmt.Errorf("no containers of %s are named: external.containers: {LEVEL: {%s: CONTAINER}}", target, target)
		}
	}
	return nil
}

// instrumented are the services that get a level's variables.
func (e *External) instrumented() []string {
	if len(e.Compose.Instrumented) > 0 {
		return e.Compose.Instrumented
	}
	return e.file.Services()
}

// joining are the services that join our network: those that take load or send telemetry.
func (e *External) joining() []string {
	return slices.Compact(slices.Sorted(slices.Values(append([]string{e.Compose.Service}, e.instrumented()...))))
}
