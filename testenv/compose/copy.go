package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/otelenv"
)

// Overlay has the differences of one copy of the file.
type Overlay struct {
	Labels  map[string]string            // on every container, network and volume
	Env     map[string]map[string]string // by service: variables that override those of the file
	Network string                       // an existing network, which the services of Join join besides their own networks
	Join    []string                     // needs Network
	Publish map[string][]int             // by service: the container ports to publish at free ports of the loopback interface
}

// Copied is a copy of the file that can run beside other copies.
type Copied struct {
	doc     mapping
	Changes []string // the differences from the file, as sentences
}

// joined is the name of the network of Overlay.Network inside a copy.
const joined = "tollgate"

// Copy makes the copy. It is an error if copies of the file would collide.
func (f *File) Copy(o Overlay) (*Copied, error) {
	c := &Copied{doc: clone(f.doc).(mapping)}
	delete(c.doc, "version") // without a version, every Compose since 1.27 reads everything that a file may have
	delete(c.doc, "name")
	for _, kind := range []string{"networks", "volumes", "secrets", "configs"} {
		if err := c.detach(kind, o.Labels); err != nil {
			return nil, fmt.Errorf("compose: %s: %w", f.name, err)
		}
	}
	services := section(c.doc, "services")
	for _, name := range keys(services) {
		service, ok := services[name].(mapping)
		if !ok {
			return nil, fmt.Errorf("compose: %s: service %s is no mapping", f.name, name)
		}
		if err := c.service(name, service, o); err != nil {
			return nil, fmt.Errorf("compose: %s: service %s: %w", f.name, name, err)
		}
	}
	networks := section(c.doc, "networks")
	if networks == nil {
		networks = mapping{}
		c.doc["networks"] = networks
	}
	if _, named := networks["default"]; !named { // otherwise Compose makes it without a label, and no sweep finds it
		networks["default"] = mapping{"labels": labels(o.Labels)}
	}
	if o.Network != "" {
		networks[joined] = mapping{"external": true, "name": o.Network}
	}
	return c, nil
}

// service changes one service so that it can run beside its copies, and applies the overlay.
func (c *Copied) service(name string, s mapping, o Overlay) error {
	c.drop(name, s, "container_name")
	if s["ports"] != nil {
		c.drop(name, s, "ports")
	}
	var ports []any
	for _, port := range o.Publish[name] {
		ports = append(ports, fmt.Sprintf("127.0.0.1::%d", port))
	}
	if ports != nil {
		s["ports"] = ports
	}
	delete(s, "build") // built beforehand, once
	if s["pull_policy"] == "build" {
		delete(s, "pull_policy")
	}
	c.shared(name, s)
	joins := slices.Contains(o.Join, name)
	switch mode, _ := s["network_mode"].(string); {
	case mode == "host":
		return fmt.Errorf("network_mode host cannot be copied: the ports of the copies would collide")
	case mode != "" && joins:
		return fmt.Errorf("network_mode %s: it takes load or sends telemetry, so it must be in a network", mode)
	}
	if err := c.networks(name, s, joins); err != nil {
		return err
	}
	if err := lay(s, "labels", o.Labels); err != nil {
		return err
	}
	c.overridden(name, s, o.Env[name])
	return lay(s, "environment", o.Env[name])
}

// overridden records the variables of a service that get another value than in the file.
func (c *Copied) overridden(service string, s mapping, env map[string]string) {
	if names := otelenv.Overridden(variables(s), env); len(names) > 0 {
		c.Changes = append(c.Changes, fmt.Sprintf("service %s: %s of the file: the level or tollgate sets another value", service, strings.Join(names, ", ")))
	}
}

// drop removes a key that copies cannot share, and records that it did.
func (c *Copied) drop(service string, s mapping, key string) {
	if s[key] == nil {
		return
	}
	delete(s, key)
	c.Changes = append(c.Changes, fmt.Sprintf("service %s: %s is left out, so that copies do not collide", service, key))
}

// shared records the host directories that all copies write to.
func (c *Copied) shared(name string, s mapping) {
	volumes, _ := s["volumes"].([]any)
	for _, v := range volumes {
		source, only := "", false
		switch v := v.(type) {
		case string:
			parts := strings.Split(v, ":")
			source, only = parts[0], len(parts) > 2 && slices.Contains(strings.Split(parts[2], ","), "ro")
		case mapping:
			if v["type"] == "bind" {
				source, _ = v["source"].(string)
				only, _ = v["read_only"].(bool)
			}
		}
		if strings.HasPrefix(source, "/") && !only {
			c.Changes = append(c.Changes, fmt.Sprintf("service %s: all copies share the host's %s", name, source))
		}
	}
}

// networks removes fixed addresses from the service, and makes it join the overlay's network.
func (c *Copied) networks(name string, s mapping, joins bool) error {
	in := mapping{}
	switch v := s["networks"].(type) {
	case nil:
		if joins {
			in["default"] = nil
		}
	case mapping:
		in = v
	case []any:
		for _, n := range v {
			in[fmt.Sprint(n)] = nil
		}
	default:
		return fmt.Errorf("networks: want a list or a mapping, got %T", v)
	}
	for _, network := range keys(in) {
		settings, ok := in[network].(mapping)
		if !ok {
			continue
		}
		for _, key := range []string{"ipv4_address", "ipv6_address", "mac_address"} {
			if settings[key] != nil {
				delete(settings, key)
				c.Changes = append(c.Changes, fmt.Sprintf("service %s: %s is left out, so that copies do not collide", name, key))
			}
		}
	}
	if joins {
		in[joined] = nil
	}
	if len(in) > 0 {
		s["networks"] = in
	}
	return nil
}

// detach removes the fixed names of one kind of resource, so that every copy has its own resources, and labels those that can
// have labels.
func (c *Copied) detach(kind string, all map[string]string) error {
	resources := section(c.doc, kind)
	for _, name := range keys(resources) {
		r, ok := resources[name].(mapping)
		if !ok {
			r = mapping{}
			resources[name] = r
		}
		if external := r["external"]; external != nil && external != false {
			if kind == "networks" {
				return fmt.Errorf("network %s is external: the copies would find each other's services in it: "+
					"make it the file's own, or start the copies yourself and name their addresses (external.urls)", name)
			}
			if kind == "volumes" {
				c.Changes = append(c.Changes, fmt.Sprintf("volume %s is external: all copies share it", name))
			}
			continue
		}
		if fixed, _ := r["name"].(string); fixed != "" {
			delete(r, "name")
			if fixed != resolving+"_"+name {
				c.Changes = append(c.Changes, fmt.Sprintf("%s %s: its name %s is left out, so that every copy has its own", kind, name, fixed))
			}
		}
		if kind == "networks" && r["ipam"] != nil {
			if ipam, _ := r["ipam"].(mapping); len(ipam) > 0 {
				c.Changes = append(c.Changes, fmt.Sprintf("network %s: ipam is left out, so that copies do not collide", name))
			}
			delete(r, "ipam")
		}
		if kind == "networks" || kind == "volumes" {
			if err := lay(r, "labels", all); err != nil {
				return fmt.Errorf("%s %s: %w", kind, name, err)
			}
		}
	}
	return nil
}

// lay puts values over the mapping at a key. It doubles dollar signs, since Compose reads them as the start of a variable.
func lay(s mapping, key string, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	into := mapping{}
	switch v := s[key].(type) {
	case nil:
	case mapping:
		into = v
	case []any: // KEY=VALUE, which Compose resolves into a mapping, but may be read from elsewhere
		for _, item := range v {
			name, value, given := strings.Cut(fmt.Sprint(item), "=")
			if into[name] = value; !given {
				into[name] = nil
			}
		}
	default:
		return fmt.Errorf("%s: want a list or a mapping, got %T", key, v)
	}
	maps.Copy(into, labels(values))
	s[key] = into
	return nil
}

// labels returns values in the form of a Compose file.
func labels(values map[string]string) mapping {
	out := mapping{}
	for k, v := range values {
		out[k] = strings.ReplaceAll(v, "$", "$$")
	}
	return out
}

// section returns the mapping at a key; nil if there is none.
func section(doc mapping, key string) mapping {
	m, _ := doc[key].(mapping)
	return m
}

func keys(m mapping) []string { return slices.Sorted(maps.Keys(m)) }

// clone returns a deep copy of a value of a YAML file.
func clone(v any) any {
	switch v := v.(type) {
	case mapping:
		out := mapping{}
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	default:
		return v
	}
}
