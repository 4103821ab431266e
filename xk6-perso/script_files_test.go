package perso

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// opens is a script that opens files with every API that does. It logs what it found.
var opens = map[string]string{
	"load.ts": `
		import http from 'k6/http';
		import { SharedArray } from 'k6/data';
		import csv from 'k6/experimental/csv';
		import { open as openFile } from 'k6/experimental/fs';
		import grpc from 'k6/net/grpc';
		import cjs from './lib/cjs.js';
		import { beside, read, url } from './lib/esm.js';
		const proto = new grpc.Client(), byPath = new grpc.Client();
		proto.load(null, './proto/msg.proto');
		byPath.load(['proto', './lib'], 'svc.proto');
		const shared = new SharedArray('users', () => JSON.parse(open('./users.json')) as string[]);
		const rows = await csv.parse(await openFile('users.csv'), { skipFirstLine: true });
		const bytes: ArrayBuffer = open('lib/beside.txt', 'b');
		console.log('found', JSON.stringify([beside, read('./users.json'), url, cjs, shared[1], rows, bytes.byteLength, __ENV.BASE_URL]));
		export default function () { http.get(__ENV.BASE_URL + '/' + shared[1]); }`,
	"lib/esm.js": `
		export const beside = open('./beside.txt');
		export const url = import.meta.resolve('./beside.txt');
		export function read(name) { return open(name); }`,
	"lib/cjs.js":      `const again = require('./again.js'); module.exports = [again, open('./beside.txt')];`,
	"lib/again.js":    `module.exports = 'again';`,
	"lib/beside.txt":  "beside",
	"users.json":      `["a", "b"]`,
	"users.csv":       "name\nc\n",
	"proto/svc.proto": "syntax = \"proto3\";\npackage p;\nimport \"msg.proto\";\nservice S { rpc Get(M) returns (M); }\n",
	"proto/msg.proto": "syntax = \"proto3\";\npackage p;\nmessage M { string s = 1; }\n",
}

var found = regexp.MustCompile(`msg="found (.*)" source`)

// A script finds the files that it finds under k6, wherever k6 and the orchestrator are.
func TestScriptFindsItsFiles(t *testing.T) {
	s := newService(t, 0)
	under := runOwnWith(t, opens, slot.Generator{}, nil, ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL}))
	under.over(t, 1)
	if w := under.reports[0].Arms[0]; w.Sent == 0 || s.seen["/b"] != int(w.Sent) {
		t.Errorf("%+v; %v", w, s.seen)
	}

	home := filepath.Join(t.TempDir(), "home")
	for name, text := range opens {
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "run", "--quiet", "--no-usage-report", "--summary-mode=disabled", "--address=", filepath.Join(home, "load.ts"))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PERSO_TEST_K6=1", slot.EnvBaseURL+"="+slot.NoBaseURL)
	alone, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("k6 alone: %v\n%s", err, alone)
	}
	finds := func(output string) string {
		m := found.FindStringSubmatch(output)
		if m == nil {
			t.Fatalf("nothing found:\n%s", output)
		}
		return regexp.MustCompile(`file://\S*/lib/`).ReplaceAllString(m[1], "HOME/lib/")
	}
	if got, want := finds(under.output), finds(string(alone)); got != want || !strings.Contains(got, "again") {
		t.Errorf("under tollgate the script finds\n%s\nand under k6\n%s", got, want)
	}
}

// Variables reach a script while it is loaded and while it runs, those of its scenario only then, as under k6. It makes no
// difference that k6 freezes __ENV.
func TestScriptVariables(t *testing.T) {
	for _, flags := range [][]string{nil, {"--features", "freeze-env"}} {
		s := newService(t, 0)
		o := runOwnWith(t, map[string]string{"load.js": `
			import http from 'k6/http';
			import exec from 'k6/execution';
			export const options = { scenarios: {
				conduct: { executor: 'ramping-vus', stages: [], exec: 'browse', env: { K6_WHO: 'scenario', PAGE: 'one' }, tags: { kind: 'mine' } },
			} };
			const kept = __ENV, top = [__ENV.K6_WHO, __ENV.OTEL_SERVICE_NAME, __ENV.PAGE].join();
			export function browse() {
				if (top !== 'me,shop,' || kept.BASE_URL !== __ENV.BASE_URL) throw new Error(top);
				if (exec.scenario.name !== 'conduct' || exec.vu.metrics.tags.kind !== 'mine') throw new Error(exec.scenario.name);
				http.get([__ENV.BASE_URL, __ENV.K6_WHO, __ENV.OTEL_SERVICE_NAME, __ENV.PAGE].join('/'));
			}`}, slot.Generator{Env: `{"K6_WHO":"me","OTEL_SERVICE_NAME":"shop"}`}, flags,
			ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL}))
		o.over(t, 1)
		if w := o.reports[0].Arms[0]; w.Sent == 0 || w.Failed > 0 || s.seen["/scenario/shop/one"] != int(w.Sent) {
			t.Errorf("%v: %+v; %v\n%s", flags, w, s.seen, o.output)
		}
		if len(o.warnings) > 0 {
			t.Errorf("warnings %v", o.warnings)
		}
	}
}

// One scenario makes the turns: the one that is asked for, else the only one that runs the default function.
func TestScriptScenario(t *testing.T) {
	const script = `
		import http from 'k6/http';
		export const options = { scenarios: { %s } };
		export default function () { http.get(__ENV.BASE_URL + '/default/' + __ENV.PAGE); }
		export function browse() { http.get(__ENV.BASE_URL + '/browse/' + __ENV.PAGE); }`
	for name, tt := range map[string]struct{ scenarios, asked, path, want string }{
		"none":           {"", "", "/default/undefined", ""},
		"one by default": {"a: {executor: 'x', exec: 'browse'}, b: {executor: 'y', env: {PAGE: '1'}}", "", "/default/1", "scenario b makes the load; scenarios that are not run: a"},
		"alike":          {"a: {executor: 'x', env: {PAGE: '1'}}, b: {executor: 'y', startTime: '1m', env: {PAGE: '1'}}", "", "/default/1", "scenario a makes"},
		"asked for":      {"a: {executor: 'x', exec: 'browse', env: {PAGE: '2'}}, b: {executor: 'y'}", "a", "/browse/2", "scenarios that are not run: b"},
		"two":            {"a: {executor: 'x', env: {PAGE: '1'}}, b: {executor: 'y'}", "", "", "a, b run the default function with another env or tags. Name one in journeys.scenario"},
		"no default":     {"a: {executor: 'x', exec: 'browse'}, b: {executor: 'y', exec: 'browse'}", "", "", "none runs the default function. Name one in journeys.scenario"},
		"unknown":        {"a: {executor: 'x'}", "c", "", `the script has no scenario \"c\"; it has a`},
		"no function":    {"a: {executor: 'x', exec: 'brows'}", "", "", "scenario a: exec: the script exports no function brows"},
		"browser":        {"a: {executor: 'x', options: {browser: {type: 'chromium'}}}", "", "", "scenario a: options.browser"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, 0)
			o := runOwnWith(t, map[string]string{"load.js": strings.Replace(script, "%s", tt.scenarios, 1)}, slot.Generator{Scenario: tt.asked}, nil,
				ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL}))
			if tt.path == "" { // refused, before there is any load
				if !strings.Contains(o.output, tt.want) || len(o.reports) > 0 || s.total() > 0 {
					t.Errorf("want … %s …, got\n%s", tt.want, o.output)
				}
				return
			}
			o.over(t, 1)
			if w := o.reports[0].Arms[0]; w.Sent == 0 || s.seen[tt.path] != int(w.Sent) {
				t.Errorf("%+v; %v", w, s.seen)
			}
			if warned := strings.Join(o.warnings, "\n"); !strings.Contains(warned, tt.want) || tt.want == "" && warned != "" {
				t.Errorf("warnings %q, want … %s …", warned, tt.want)
			}
		})
	}
}

// What a script asks for and does not get is named, once.
func TestScriptWarnings(t *testing.T) {
	s := newService(t, 0)
	o := runOwn(t, `
		import http from 'k6/http';
		export const options = { vus: 3, stages: [], thresholds: { checks: ['rate>0.9'] }, rps: 5, userAgent: 'mine', setupTimeout: '5s', nosuch: 1 };
		export default function () { http.get(__ENV.BASE_URL + '/page'); }
		export function handleSummary() {}`,
		ownOrder(0, slot.Toll, slot.Target{Arm: "off", URL: s.URL}))
	o.over(t, 1)
	want := []string{
		`options that have no effect in a run: vus, stages, thresholds, rps, nosuch (docs/k6-scripts.md, "How it is run")`,
		`handleSummary is not called (docs/k6-scripts.md, "How it is run")`,
	}
	if !slices.Equal(o.warnings, want) {
		t.Errorf("warnings %q, want %q", o.warnings, want)
	}
}
