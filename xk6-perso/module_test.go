package perso

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grafana/sobek"
	"github.com/sirupsen/logrus/hooks/test"
	"go.k6.io/k6/v2/js/modulestest"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/fsext"
	"go.k6.io/k6/v2/metrics"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/core/journey/journeytest"
	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// script is a VU with the module loaded as perso.
type script struct {
	*modulestest.Runtime
	samples chan metrics.SampleContainer
	logged  *test.Hook
}

// newScript returns a VU in its init context; the script lies in dir.
func newScript(t testing.TB, dir string, env map[string]string) *script {
	t.Helper()
	s := &script{Runtime: modulestest.NewRuntime(t), samples: make(chan metrics.SampleContainer, 10_000)}
	init := s.VU.InitEnvField
	init.CWD = &url.URL{Path: dir}
	init.FileSystems = map[string]fsext.Fs{"file": fsext.NewOsFs()}
	init.LookupEnv = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	if err := s.SetupModuleSystem(map[string]any{"k6/x/perso": new(RootModule)}, nil, nil); err != nil {
		t.Fatal(err)
	}
	s.js(t, `const perso = require('k6/x/perso')['default']`) // what `import perso from` binds
	return s
}

// start ends the init context.
func (s *script) start() {
	tags := s.VU.InitEnvField.Registry.RootTagSet()
	logger, hook := test.NewNullLogger()
	s.logged = hook
	s.MoveToVUContext(&lib.State{
		Samples: s.samples, Tags: lib.NewVUStateTags(tags), Transport: new(http.Transport), Logger: logger,
		Options: lib.Options{SystemTags: &metrics.DefaultSystemTagSet},
	})
}

func (s *script) js(t testing.TB, code string) sobek.Value {
	t.Helper()
	v, err := s.VU.Runtime().RunString(code)
	if err != nil {
		t.Fatalf("%s: %v", code, err)
	}
	return v
}

// values returns the values of a metric, with the tags of its first sample.
func (s *script) values(name string) (values []float64, tags map[string]string) {
	for _, c := range metrics.GetBufferedSamples(s.samples) {
		for _, sample := range c.GetSamples() {
			if sample.Metric.Name == name {
				values, tags = append(values, sample.Value), sample.Tags.Map()
			}
		}
	}
	return values, tags
}

func TestOptionsAreChecked(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad.tsv"), []byte("SessionId\tItemId\tTime\na\tb\tc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newScript(t, dir, nil)
	s.js(t, `const crowd = perso.population({users: 10, items: 10})`)
	const target = `targets: [{arm: 'a', url: 'http://127.0.0.1:1'}]`
	for _, tt := range []struct{ code, want string }{
		{`perso.population({usrs: 5})`, `perso: population: unknown option "usrs"; legal: items, seed, users`},
		{`perso.population({users: 0})`, `users: must be a whole number from 1 to 1000000, got 0`},
		{`perso.population({users: 1.5})`, `users: must be a whole number`},
		{`perso.population({users: '1000'})`, `users: must be a whole number`},
		{`perso.population({seed: NaN})`, `seed: must be a whole number`},
		{`perso.population(7)`, `options must be an object with any of items, seed, users, got 7`},
		{`perso.sessions()`, `the first argument must be the path of a file`},
		{`perso.sessions('none.tsv')`, `cannot read none.tsv (relative paths start at the script)`},
		{`perso.sessions('none.tsv', {base: 'cwd'})`, `cannot read none.tsv (relative paths start at the cwd)`},
		{`perso.sessions('bad.tsv')`, `bad.tsv:2: Time must be seconds since 1970`},
		{`perso.sessions('bad.tsv', {speed: 0})`, `speed: must be a number from 0.001 to 1e+06, got 0`},
		{`perso.sessions('bad.tsv', {format: 'xml'})`, `format: must be one of tsv, csv, jsonl, got xml`},
		{`perso.sessions('bad.tsv', {arrivals: 'soon'})`, `arrivals: must be one of poisson, recorded, got soon`},
		{`perso.journey({target: 'http://x'})`, `option "source" is required`},
		{`perso.journey({source: crowd})`, `option "target" is required`},
		{`perso.journey({source: crowd, target: 'x:80'})`, `target: must be a URL such as http://127.0.0.1:8080, got "x:80"`},
		{`perso.journey({source: {}, target: 'http://x'})`, `source: must be what population() or sessions() returned`},
		{`perso.journey({source: crowd, target: 'http://x', timeout: 5})`, `timeout: must be a duration such as "200ms", got 5`},
		{`perso.journey({source: crowd, target: 'http://x', timeout: '2m'})`, `timeout: must be a duration from "1ms" to "1m0s", got "2m"`},
		{`perso.journey({source: crowd, target: 'http://x', workers: 5})`, `unknown option "workers"`},
		{`perso.journey({source: crowd, target: 'http://x', thinkScale: -1})`, `thinkScale: must be a number from 0 to 1000, got -1`},
		{`perso.journey({source: crowd, target: 'http://x', token: ''})`, `token: must be a string that is not empty`},
		{`perso.journey({source: crowd, target: 'http://x'})`, `journey only works while a test runs`},
		{`perso.drive({source: crowd, rate: 1, duration: '1s'})`, `option "targets" is required`},
		{`perso.drive({source: crowd, ` + target + `, duration: '1s'})`, `option "rate" is required`},
		{`perso.drive({source: crowd, ` + target + `, rate: 1})`, `option "duration" is required`},
		{`perso.drive({source: crowd, targets: 'x', rate: 1})`, `targets: must be a list such as`},
		{`perso.drive({targets: [{arm: 'a'}]})`, `target 0: arm and url are required`},
		{`perso.drive({targets: [{arm: 'a', url: 'http://x'}, {arm: 'a', url: 'http://y'}]})`, `target 1: there are two arms "a"`},
		{`perso.drive({targets: [{name: 'a'}]})`, `unknown option "name"; legal: arm, url`},
		{`perso.drive({source: crowd, ` + target + `, rate: 1, duration: '1s'})`, `drive only works while a test runs`},
		{`perso.conduct({})`, `option "source" is required`},
		{`perso.conduct({turns: {}})`, `turns: must be what turns() returned`},
		{`perso.turns({vus: 0})`, `vus: must be a whole number from 1 to 10000, got 0`},
		{`perso.turns({setup: 1})`, `setup: must be true or false, got 1`},
		{`perso.turns({})`, `BASE_URL must be http://tollgate-base-url.invalid when k6 starts, got ""`},
		{`perso.conduct({source: crowd})`, `conduct only works while a test runs`},
		{`perso.conductor({source: crowd})`, `has no member 'conductor'`},
	} {
		if _, err := s.VU.Runtime().RunString(tt.code); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\n got %v\nwant … %s …", tt.code, err, tt.want)
		}
	}
	s.start()
	for code, want := range map[string]string{
		`perso.sessions('bad.tsv')`:      `sessions only works in the init context`,
		`perso.turns({})`:                `turns only works in the init context`,
		`perso.conduct({source: crowd})`: `TOLLGATE_CONDUCTOR is not set`,
	} {
		if _, err := s.VU.Runtime().RunString(code); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want … %s …", code, err, want)
		}
	}
}

// VUs share a source, and undefined options are defaults.
func TestSourcesAreShared(t *testing.T) {
	s := newScript(t, t.TempDir(), nil)
	if !s.js(t, `perso.population({seed: undefined}) === perso.population(undefined) ||
		perso.population({users: 5}).description === 'population of 5 users and 200 items, seed 1'`).ToBoolean() {
		t.Error("description")
	}
	a, b := s.js(t, `perso.population({users: 5})`).Export(), s.js(t, `perso.population({users: 5, items: 200})`).Export()
	if a != b {
		t.Error("one population twice in memory")
	}
}

func TestJourney(t *testing.T) {
	g := journeytest.New(t, population.New(1, 50, 20))
	s := newScript(t, t.TempDir(), nil)
	s.js(t, `const crowd = perso.population({users: 50, items: 20}); const all = []`)
	s.start()
	const n = 20
	for range n {
		s.js(t, `all.push(perso.journey({source: crowd, target: '`+g.URL+`', thinkScale: 0, token: 'secret'}))`)
	}
	total := s.js(t, `all.reduce((n, j) => n + j.requests, 0)`).ToInteger()
	if int(total) != len(g.Requests()) {
		t.Errorf("%d requests, the gateway saw %d", total, len(g.Requests()))
	}
	if bad := s.js(t, `JSON.stringify(all.filter((j) => j.failed || j.breaks || !j.session || !j.impressions))`).String(); bad != "[]" {
		t.Errorf("odd journeys: %s", bad)
	}
	if sessions := s.js(t, `new Set(all.map((j) => j.session)).size`).ToInteger(); sessions != n {
		t.Errorf("%d sessions, want %d", sessions, n)
	}
	conversions := 0
	for _, c := range metrics.GetBufferedSamples(s.samples) {
		for _, sample := range c.GetSamples() {
			switch sample.Metric.Name {
			case "perso_req_duration":
				total--
				if step, _ := sample.Tags.Get("step"); step == "" {
					t.Fatal("a sample without a step")
				}
			case "perso_conversion":
				conversions++
			}
		}
	}
	if total != 0 || conversions != n {
		t.Errorf("%d requests without a sample, %d conversions of %d journeys", total, conversions, n)
	}
}

func TestReplayJourney(t *testing.T) {
	pop := population.New(1, 1000, 200)
	g := journeytest.New(t, pop)
	dir := t.TempDir()
	const text = "SessionId\tItemId\tTime\ns1\tshoe\t1700000000.5\ns1\that\t1700000010.5\ns1\tshoe\t1700000010.5\n"
	if err := os.WriteFile(filepath.Join(dir, "clicks.tsv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newScript(t, dir, nil)
	s.js(t, `const clicks = perso.sessions('clicks.tsv', {speed: 1000})`)
	s.start()
	s.js(t, `perso.journey({source: clicks, target: '`+g.URL+`', thinkScale: 0})`)
	var got []string
	for _, r := range g.Requests() {
		if r.Type == journey.Click {
			got = append(got, r.Item)
		}
	}
	want := []string{pop.ItemFor("shoe").ID, pop.ItemFor("hat").ID, pop.ItemFor("shoe").ID}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("clicks on %v, want %v", got, want)
	}
}

func TestDrive(t *testing.T) {
	g := journeytest.New(t, population.New(1, 50, 20))
	s := newScript(t, t.TempDir(), nil)
	s.js(t, `const crowd = perso.population({users: 50, items: 20})`)
	s.start()
	s.js(t, `const r = perso.drive({source: crowd, targets: [{arm: 'x', url: '`+g.URL+`/'}], rate: 300, duration: '300ms'})`)
	if !s.js(t, `r.arms.x.sent > 0 && r.arms.x.sent === r.arms.x.lag.count && r.arms.x.response.login.p50 > 0 && r.seconds > 0`).ToBoolean() {
		t.Error(s.js(t, `JSON.stringify(r)`))
	}
	values, tags := s.values("perso_req_lag")
	if len(values) != len(g.Requests()) || tags["arm"] != "x" || tags["channel"] == "" {
		t.Errorf("%d samples of %d requests, tags %v", len(values), len(g.Requests()), tags)
	}
}
