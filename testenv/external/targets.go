package external

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/testenv/lever"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Supports returns why a fault cannot be injected: a fault may only act on the target that the experiment names for it. The reason
// says which key to set.
func (e *Environment) Supports(fault string, uses []string) error {
	if err := levers().Supports(uses); err != nil {
		return err
	}
	for _, use := range uses {
		service, name := lever.Split(use)
		var err error
		switch {
		case name == lever.Drift:
			err = e.supportsDrift()
		case isToxic(name):
			err = e.supportsProxy(fault, cmp.Or(e.Targets[fault], service))
		case e.Targets[fault] == "":
			err = fmt.Errorf("no target is named: external.targets: {%s: SERVICE}", fault)
		default:
			err = e.supportsTarget(fault, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Environment) supportsDrift() error {
	if !e.Script {
		return nil
	}
	l, err := lever.Lookup(lever.Drift)
	return cmp.Or(err, errors.New("it "+l.Needs))
}

func (e *Environment) supportsProxy(fault, service string) error {
	if _, ok := e.Proxies[service]; ok {
		return nil
	}
	another := ""
	if e.Targets[fault] == "" {
		another = fmt.Sprintf("; external.targets: {%s: SERVICE} names another service", fault)
	}
	return fmt.Errorf("no proxy of %s is named: external.proxies: {%s: {url: …, name: …}}%s", service, service, another)
}

// supportsTarget is about the levers that act on a service itself.
func (e *Environment) supportsTarget(fault, name string) error {
	target := e.Targets[fault]
	_, proxied := e.Proxies[target]
	switch ours := target == role.Telemetry && e.ownPipeline(); {
	case isCollector(name) && e.ownPipeline() && !ours:
		return fmt.Errorf("the services send their telemetry to the pipeline of tollgate, so that %s has nothing to lose: external.targets: {%s: %s} "+
			"stops the Collector there, and external.prometheus leaves the telemetry with %s", target, fault, role.Telemetry, target)
	case isCollector(name) && ours:
		return nil
	case ours:
		return fmt.Errorf("external.targets: {%s: %s}: that is the pipeline of tollgate, not a service of yours", fault, target)
	case proxied && isStop(name):
		return nil
	case e.composed(): // Check looks whether the file has the service
		if proxied {
			e.contained = append(e.contained, target)
		}
		return nil
	case !e.hasContainers(target):
		proxy := ""
		if isStop(name) {
			proxy = fmt.Sprintf(", or a proxy of it: external.proxies: {%s: {url: …, name: …}}", target)
		}
		return fmt.Errorf("no containers of %s are named: external.containers: {LEVEL: {%s: CONTAINER}}%s", target, target, proxy)
	}
	return nil
}

// hasContainers reports whether every level names a container of the service.
func (e *Environment) hasContainers(service string) bool {
	for level := range e.URLs {
		if e.Containers[level][service] == "" {
			return false
		}
	}
	return len(e.URLs) > 0
}

// ownPipeline reports whether the services send their telemetry to a pipeline of ours. Then role.Telemetry names it as a target.
func (e *Environment) ownPipeline() bool { return e.composed() && len(e.System.Prometheus) == 0 }

// fileTargets are the targets that must be services of the Compose file.
func (e *Environment) fileTargets() []string {
	named := slices.Clone(e.contained)
	for _, fault := range slices.Sorted(maps.Keys(e.Targets)) {
		target := e.Targets[fault]
		if _, proxied := e.Proxies[target]; !proxied && !(target == role.Telemetry && e.ownPipeline()) {
			named = append(named, target)
		}
	}
	return named
}

// Reach returns an error for a service that the experiment names neither for a proxy nor as the target of a fault.
func (a *arm) Reach(service, name string) error {
	switch {
	case isToxic(name):
		if _, ok := a.Proxies[service]; !ok {
			return fmt.Errorf("no proxy of %q is named in external.proxies", service)
		}
		return nil
	case !slices.Contains(slices.Collect(maps.Values(a.Targets)), service):
		return fmt.Errorf("%q is not to be touched: external.targets does not name it", service)
	case isCollector(name) && a.ownPipeline():
		if service != role.Telemetry {
			return fmt.Errorf("%q takes no telemetry: the pipeline of tollgate does, which is called %s", service, role.Telemetry)
		}
		return nil
	case len(a.parts[service]) > 0, a.onlyProxied(service) && isStop(name):
		return nil
	}
	return fmt.Errorf("%q is not to be touched by %s: no container of it is known: there are those of %s", service, name,
		strings.Join(slices.Sorted(maps.Keys(a.parts)), ", "))
}
