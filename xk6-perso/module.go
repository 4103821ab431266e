package perso

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/js/modules"
)

// RootModule is what all VUs of one k6 process share: the sources, so that a population or a file exists once in memory,
// the turns of a script, and the count of journeys played. The zero value is ready.
type RootModule struct {
	mu      sync.Mutex
	sources map[string]*sourceOnce
	turns   *turns // of the user's own script; nil: there is none

	failures failures             // of journeys' requests
	run      string               // prefix of the session ids of this process, "" until the first journey
	played   atomic.Int64         // journeys begun by journey()
	arrivals map[string]*arrivals // by scenario
}

// sourceOnce builds a source at most once.
type sourceOnce struct {
	once   sync.Once
	source *Source
	err    error
}

// NewModuleInstance implements modules.Module.
func (r *RootModule) NewModuleInstance(vu modules.VU) modules.Instance {
	env := vu.InitEnv()
	if env == nil {
		common.Throw(vu.Runtime(), errInitOnly("import k6/x/perso"))
	}
	m, err := registerMetrics(env.Registry)
	if err != nil {
		common.Throw(vu.Runtime(), err)
	}
	return &instance{root: r, vu: vu, metrics: m, lookup: lookupEnv(env), counted: -1}
}

// lookupEnv returns the script's view of the environment: `k6 run -e NAME=value` first, then the process's.
func lookupEnv(env *common.InitEnvironment) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := env.RuntimeOptions.Env[name]; ok {
			return v, true
		}
		if env.LookupEnv != nil {
			return env.LookupEnv(name)
		}
		return os.LookupEnv(name)
	}
}

// shared returns the source of a key. The first who asks for a key has build make it.
func (r *RootModule) shared(key string, build func() (*Source, error)) (*Source, error) {
	r.mu.Lock()
	if r.sources == nil {
		r.sources = map[string]*sourceOnce{}
	}
	s, ok := r.sources[key]
	if !ok {
		s = new(sourceOnce)
		r.sources[key] = s
	}
	r.mu.Unlock()
	s.once.Do(func() { s.source, s.err = build() })
	return s.source, s.err
}

// session is the session id of journey n; name is what the source calls the journey. The id differs from run to run, since
// the stack may remember the sessions of the run before.
func (r *RootModule) session(n int, name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.run == "" {
		r.run = runPrefix(time.Now())
	}
	return strings.TrimSuffix(fmt.Sprintf("%s%d-%s", r.run, n, name), "-")
}

// instance is the module in one VU.
type instance struct {
	root    *RootModule
	vu      modules.VU
	metrics *persoMetrics
	lookup  func(string) (string, bool)
	counted int64            // the iteration that due counted last
	pools   map[string]*pool // of the VU, by target; nil: requests to it need net/http
}

// Exports implements modules.Instance.
func (i *instance) Exports() modules.Exports {
	named := map[string]any{
		"population": i.population,
		"sessions":   i.sessions,
		"journey":    i.journey,
		"conduct":    i.conduct,
		"drive":      i.drive,
		"turns":      i.turns,
		"visit":      i.newVisit,
		"measure":    i.measure,
		"inject":     i.inject,
		"heal":       i.heal,
	}
	return modules.Exports{Default: named, Named: named}
}

// must throws err, if there is one, as a JavaScript exception.
func (i *instance) must(err error) {
	if err != nil {
		common.Throw(i.vu.Runtime(), err)
	}
}

// value makes v a JavaScript value.
func (i *instance) value(v any) sobek.Value { return i.vu.Runtime().ToValue(v) }
