package collector

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Backend is a telemetry system that the Collector can send to, besides the arm's own Prometheus and files.
type Backend struct {
	Name    string // its name in flags and experiment files
	Title   string
	Signals []string // the signals that it takes, of Traces, Logs and Metrics
	Address string   // its standard address, as testenv/backends starts it; "" if it has none
	Env     []string // variables of the user that it needs; no file has their values
	// exporters returns the exporters that send to it at an address; an id is TYPE/NAME.
	exporters func(address string) []exporter
}

// Backends returns all back ends.
func Backends() []Backend {
	return []Backend{jaeger(), zipkin(), tempo(), grafana(), elasticsearch(), clickhouse(), otlp()}
}

// Target is a back end at an address.
type Target struct {
	Backend string // Backend.Name
	Address string // inside the network: host:port or a URL, for grafana a host; "": its standard address
	// Signals are the signals that are sent to it; none: all that it takes. They are for back ends that refuse some, as Datadog
	// and Dynatrace refuse cumulative metrics.
	Signals []string
}

// ParseTarget reads NAME, NAME=ADDRESS or NAME:SIGNAL+SIGNAL=ADDRESS, such as otlp:traces+logs. Errors list what is legal.
func ParseTarget(text string) (Target, error) {
	var t Target
	name, address, hasAddress := strings.Cut(strings.TrimSpace(text), "=")
	name, signals, some := strings.Cut(name, ":")
	if hasAddress && address == "" {
		return Target{}, fmt.Errorf("back end %q: want NAME=ADDRESS, or NAME alone for its standard address", text)
	}
	b, err := Lookup(name)
	if err != nil {
		return Target{}, err
	}
	if t.Backend, t.Address = name, address; some {
		t.Signals = strings.Split(signals, "+")
	}
	_, err = t.choose(b, nil)
	return t, err
}

// Lookup returns the back end of that name; the error lists the legal ones.
func Lookup(name string) (Backend, error) {
	var names []string
	for _, b := range Backends() {
		if b.Name == name {
			return b, nil
		}
		names = append(names, b.Name)
	}
	return Backend{}, fmt.Errorf("unknown back end %q: legal back ends are %s", name, strings.Join(names, ", "))
}

// exporters lists the exporters for the targets, in the order of the targets.
func exporters(targets []Target) ([]exporter, error) {
	var out []exporter
	seen := map[string]bool{}
	for _, t := range targets {
		b, err := Lookup(t.Backend)
		if err != nil {
			return nil, fmt.Errorf("collector: %w", err)
		}
		if seen[b.Name] {
			return nil, fmt.Errorf("collector: back end %s is listed twice", b.Name)
		}
		seen[b.Name] = true
		address := literal(t.Address)
		if address == "" {
			address = b.Address
		}
		some, err := t.choose(b, b.exporters(address))
		if err != nil {
			return nil, fmt.Errorf("collector: %w", err)
		}
		out = append(out, some...)
	}
	return out, nil
}

// choose keeps only the signals of the target in a back end's exporters.
func (t Target) choose(b Backend, all []exporter) ([]exporter, error) {
	if len(t.Signals) == 0 {
		return all, nil
	}
	for _, signal := range t.Signals {
		if !slices.Contains(b.Signals, signal) {
			return nil, fmt.Errorf("back end %s: unknown signal %q: it takes %s", b.Name, signal, strings.Join(b.Signals, ", "))
		}
	}
	var out []exporter
	for _, e := range all {
		e.signals = slices.DeleteFunc(slices.Clone(e.signals), func(s string) bool { return !slices.Contains(t.Signals, s) })
		if len(e.signals) > 0 {
			out = append(out, e)
		}
	}
	return out, nil
}

// Environ returns the variables that the Collector's process or container must have for these targets, from the variables of
// the user. The configuration refers to them by name, so it never has their values. An error names the variable and the legal
// values, and never quotes the value.
func Environ(targets []Target, getenv func(string) string) (map[string]string, error) {
	env := map[string]string{}
	for _, t := range targets {
		b, err := Lookup(t.Backend)
		if err != nil {
			return nil, err
		}
		if b.Name != "otlp" {
			continue
		}
		more, err := otlpEnviron(t, getenv)
		if err != nil {
			return nil, fmt.Errorf("back end %s: %w", b.Name, err)
		}
		maps.Copy(env, more)
	}
	return env, nil
}

func sortedKeys(m object) []string { return slices.Sorted(maps.Keys(m)) }
