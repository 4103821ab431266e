package testenv

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// System is a system of the user's own, as an experiment names it: a Compose file that is started once per arm, or deployments
// that exist already, one per level.
type System struct {
	Compose    SystemCompose                `yaml:"compose,omitempty"`
	URLs       map[string]string            `yaml:"urls,omitempty"`       // base URLs, by level
	Health     string                       `yaml:"health,omitempty"`     // path that answers 200 when all is well; "" for /
	Containers map[string]map[string]string `yaml:"containers,omitempty"` // of the deployments: names, by level and service
	Pprof      map[string]map[string]string `yaml:"pprof,omitempty"`      // of the deployments: URLs of CPU profiles, by level and service
	Prometheus map[string]SystemPrometheus  `yaml:"prometheus,omitempty"` // the user's, by level; none: a Prometheus of ours per arm
	Targets    map[string]string            `yaml:"targets,omitempty"`    // by fault: the one service that the fault may act on
	Proxies    map[string]SystemProxy       `yaml:"proxies,omitempty"`    // proxies of a Toxiproxy, by the service behind them
}

// SystemCompose is a system as a Compose file.
type SystemCompose struct {
	File         Files    `yaml:"file,omitempty"`
	Service      string   `yaml:"service,omitempty"`           // the service that takes the load
	Port         int      `yaml:"port,omitempty"`              // port of that service's container
	Instrumented []string `yaml:"instrumented,omitempty,flow"` // services that get the level's variables; none: all

	Pprof map[string]int `yaml:"pprof,omitempty,flow"` // by service: the port of its container at which PprofPath is served
}

// PprofPath is where net/http/pprof serves a CPU profile.
const PprofPath = "/debug/pprof/profile"

// Files are the paths of files, in an order that matters. In YAML a single one is a plain string, and none is the empty one.
type Files []string

// UnmarshalYAML takes a path or a list of paths.
func (f *Files) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		if *f = nil; node.Value != "" {
			*f = Files{node.Value}
		}
		return nil
	}
	return node.Decode((*[]string)(f))
}

// MarshalYAML writes a single path as a plain string.
func (f Files) MarshalYAML() (any, error) {
	if len(f) > 1 {
		return []string(f), nil
	}
	return strings.Join(f, ""), nil
}

// String returns the paths with commas between them.
func (f Files) String() string { return strings.Join(f, ", ") }

// SystemPrometheus is a Prometheus that evaluates the alerts of one level.
type SystemPrometheus struct {
	URL   string            `yaml:"url"`
	Match map[string]string `yaml:"match,omitempty,flow"` // labels of this level's alerts, if one Prometheus has the alerts of several levels
}

// SystemProxy is a proxy of a Toxiproxy.
type SystemProxy struct {
	URL  string `yaml:"url"`  // of Toxiproxy's API
	Name string `yaml:"name"` // of the proxy
}
