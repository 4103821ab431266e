package experiment

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/alerts"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/rules"
)

func TestProfilesAreValidAndPrintable(t *testing.T) {
	for _, name := range scenarios.Profiles() {
		e, err := Profile(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e.Profile != name {
			t.Errorf("%s calls itself %q", name, e.Profile)
		}
		if err := e.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text, err := e.Text()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "printed.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Load(path)
		if err != nil {
			t.Fatalf("%s: what --print-experiment prints cannot be loaded: %v", name, err)
		}
		if text2, _ := again.Text(); text2 != text {
			t.Errorf("%s changes when it is printed and loaded:\n%s\n%s", name, text, text2)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key", "profile: pr\nlevls: [off]", `line 2: unknown key "levls": legal keys here are profile, seed`},
		{"unknown nested key", "toll: {slots: 3}", `unknown key "slots": legal keys here are launches, max_launches, rounds`},
		{"key that has a new name", "toll: {floor: {p50: 0.2}}", `key "floor" is called "equal_within" now`},
		{"unknown profile", "profile: fast", `unknown profile "fast": legal profiles are smoke, quick, pr, capacity, nightly`},
		{"unknown level", "levels: [off, loud]", `unknown level "loud": legal levels are off, noop`},
		{"word for a list of levels", "levels: every", `line 1: want a list of names, or all for every one there is, got "every"`},
		{"word for a list of faults", "faults: none", `line 1: want a list of names, or all for every one there is, got "none"`},
		{"all among others", "levels: [off, all]", `unknown level "all": legal levels are off, noop`},
		{"unknown key of a level", "levels: [off, {name: x, enviroment: {}}]", `unknown key "enviroment": legal keys here are name, title, env`},
		{"duration without a unit", "toll: {slot: 5 sec}", "line 1"},
		{"unknown price", "prices: {cpu: 1}", `unknown key "cpu": legal keys here are currency, cpu_hour, memory_gb_hour`},
		{"price that is no number", "prices: {cpu_hour: cheap}", "line 1"},
		{"not YAML", "levels: [off", "yaml"},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "e.yaml")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "experiment.") {
			t.Errorf("%s: the message names a Go type: %v", tt.name, err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"environment", "environment: vm", `environment: unknown value "vm": legal values are process`},
		{"no level", "levels: []", "at least the baseline"},
		{"CPU profile of part of a second", "toll: {cpu_profile: 1500ms}", "toll.cpu_profile must be 0, for none, or whole seconds from 1s to 1m, got 1.5s"},
		{"long CPU profile", "toll: {cpu_profile: 61s}", "whole seconds from 1s to 1m, got 1m1s"},
		{"CPU profile of less than no time", "toll: {cpu_profile: -5s}", "got -5s"},
		{"place of CPU profiles that is none", pprofOf("{off: {shop: 'localhost:6060'}, full: {shop: 'http://h:1/p?seconds=3'}}"), "external.pprof: full: shop: want a base URL"},
		{"CPU profiles of one level", pprofOf("{off: {shop: 'http://h:1/p'}}"), "external.pprof: level full is missing"},
		{"CPU profiles of an unknown level", pprofOf("{off: {}, full: {}, half: {}}"), `external.pprof: there is no level "half": legal names are off, full`},
		{"CPU profiles of other services", pprofOf("{off: {shop: 'http://h:1/p'}, full: {cart: 'http://h:1/p'}}"), "external.pprof: full names cart, and off shop"},
		{"service that is no name", pprofOf("{off: {'../x': 'http://h:1/p'}, full: {'../x': 'http://h:1/p'}}"), `want the name of a service, of up to 63 letters, digits, dots, hyphens and underscores, got "../x"`},
		{"ports of CPU profiles without a Compose file", "environment: external\nlevels: [off]\nexternal: {urls: {off: 'http://h:1'}, compose: {pprof: {shop: 6060}}}", "external.compose.pprof is for external.compose.file"},
		{"port of CPU profiles", "environment: external\nlevels: [off]\nexternal: {compose: {file: x.yaml, service: shop, port: 80, pprof: {shop: 66000}}}", "external.compose.pprof: shop must be from 1 to 65535, got 66000"},
		{"URLs of CPU profiles for a Compose file", "environment: external\nlevels: [off]\nexternal: {compose: {file: x.yaml, service: shop, port: 80}, pprof: {off: {shop: 'http://h:1/p'}}}", "for a Compose file, external.compose.pprof has the ports"},
		{"level twice", "levels: [off, off]", "off is listed twice"},
		{"control arm as level", "levels: [off, {name: known-delay}]", "name of a control arm"},
		{"level name", "levels: [off, {name: a/b}]", `name "a/b"`},
		{"level variable", "levels: [off, {name: x, env: {PATH: /}}]", "variable PATH: a level is made of OTEL_* and PERSO_LOG_LEVEL"},
		{"ratio in per cent", "levels: [off, {name: x, env: {OTEL_TRACES_SAMPLER: traceidratio, OTEL_TRACES_SAMPLER_ARG: '10'}}]", `levels: x: variable OTEL_TRACES_SAMPLER_ARG: "10": the argument of traceidratio is a ratio from 0 to 1 (10 % is 0.1)`},
		{"address of the level's telemetry", "levels: [off, {name: x, env: {OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9'}}]", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"},
		{"SDK that is not disabled", "environment: external\nlevels: [{name: off, env: {OTEL_SDK_DISABLED: '1'}}]", `levels: off: variable OTEL_SDK_DISABLED: "1": only the word true means yes`},
		{"variable of the harness", "levels: [off, {name: x, env: {PERSO_SEED: '9'}}]", "variable PERSO_SEED"},
		{"secret that was taken out", "levels: [off, {name: x, env: {OTEL_EXPORTER_OTLP_HEADERS: '[redacted]'}}]", "put it in again"},
		{"secret that was taken out of a list", "levels: [off, {name: x, env: {OTEL_RESOURCE_ATTRIBUTES: 'team=a,api_key=[redacted]'}}]", "put it in again"},
		{"address whose user was taken out", "environment: external\nexternal: {urls: {off: 'http://[redacted]@example.com'}}\nlevels: [off]", "external.urls: off: its value was taken out"},
		{"secret that is to be shown", "environment: external\nlevels: [{name: a, env: {DB_PASS: x}}]\nshow_env: [DB_PASS]", "show_env: DB_PASS: a variable of this name holds a secret"},
		{"headers that are to be shown", "levels: [off, {name: x, env: {OTEL_EXPORTER_OTLP_HEADERS: a=b}}]\nshow_env: [OTEL_EXPORTER_OTLP_HEADERS]", "holds a secret"},
		{"shown variable that no level sets", "show_env: [DB_POOL_SIZ]", `show_env: no level sets "DB_POOL_SIZ"`},
		{"seed", "seed: 9007199254740992", "seed must be from"},
		{"fault", "faults: [consumer-leg]", `unknown fault "consumer-leg": legal faults are none,`},
		{"all among other faults", "faults: [none, all]", `unknown fault "all": legal faults are none,`},
		{"fault twice", "faults: [none, none]", "none is listed twice"},
		{"target of no fault", "targets: {service-paus: model}", `unknown fault "service-paus"`},
		{"target that is no service", "targets: {service-pause: shop}", `targets: service-pause: unknown value "shop": legal values are gateway, decision, model`},
		{"targets of another system", "environment: external\ntargets: {service-pause: model}", "external.targets"},
		{"journeys", "journeys: {file: /nowhere.tsv}", "journeys.file"},
		{"rate", "toll: {rate: -1}", "toll.rate must be from 1 to 20000, got -1"},
		{"rate that is no number", "toll: {rate: .nan}", "toll.rate"},
		{"wash-out longer than half a slot", "toll: {washout: 400ms}", "toll.washout must be from 0s to 250ms"},
		{"rest that is too short", "toll: {idle: 5ms}", "toll.idle must be 0, for not measured, or from 100ms to 1m0s, got 5ms"},
		{"negative rest", "toll: {idle: -1s}", "toll.idle must be 0"},
		{"negative price", "prices: {spans_million: -0.3}", "prices.spans_million must be from 0 to 1e+09, got -0.3"},
		{"price that is no number", "prices: {cpu_hour: .nan}", "prices.cpu_hour must be from 0"},
		{"negative rate", "prices: {cpu_hour: 1, rate: -5}", "prices.rate must be from 0"},
		{"currency", "prices: {currency: '1 €', cpu_hour: 1}", `prices.currency: want a code or a sign such as EUR or €`},
		{"no price above 0", "prices: {currency: EUR}", "there is no price above 0"},
		{"budget for money without prices", "budgets: ['money <= +5%']", `budgets: "money <= +5%": the experiment names no price`},
		{"equal at a metric that the controls do not judge", "toll: {equal_within: {p99: 0.2}}", `toll.equal_within: unknown value "p99": legal values are p50, p95, cpu`},
		{"lapse", "alerts: {lapse: 0}", "alerts.lapse"},
		{"rules", "alerts: {rules: /nowhere.yaml}", "alerts.rules"},
		{"no limit to latency", "capacity: {slo_p99: 0s}", "capacity.slo_p99 must be from 1ms to 5s"},
		{"a share in per cent", "capacity: {slo_share: 99}", "capacity.slo_share must be from 0.5 to 1, got 99"},
		{"limits of a search", "capacity: {start: 400, max: 300}", "capacity.max must be from 400"},
		{"rounds of a search", "capacity: {rounds: 3}", "capacity.rounds must be from 8"},
		{"resolution", "capacity: {resolution: 0}", "capacity.resolution"},
		{"vus", "journeys: {vus: 10001}", "journeys.vus must be from 1 to 10000, or 0 for 50 turns of a script, 1024 requests of journeys; got 10001"},
		{"negative vus", "journeys: {vus: -1}", "journeys.vus must be from 1 to 10000"},
		{"scenario without a script", "journeys: {scenario: browse}", `journeys.scenario: want a scenario of journeys.script, which is not set, got "browse"`},
		{"capacity of a script", "capacity: {launches: 1}\njourneys: {script: own.js}", "capacity: a script of your own"},
		{"budget of what is not measured", "budgets: ['capacity >= -5%']", "set capacity.launches, or name it in --only"},
		{"budget of a toll that is not measured", "toll: {launches: 0}\nbudgets: ['p50 <= +5%']", "does not measure the toll, which p50 is of"},
		{"nothing to do", "toll: {launches: 0}\nfaults: []", "nothing to do"},
		{"budget", "budgets: ['p95 < much']", "budgets"},
		{"budget of the baseline", "budgets: ['off: p95 <= +5%']", "no level \"off\" above the baseline"},
		{"budget on a fault that is not injected", "budgets: ['consumer-stopped detected']", `no fault "consumer-stopped" here: want one of profile-attribute-missing, model-drift, consumer-lag, or all`},
		{"budget on an alert that is not there", "budgets: ['rules: Nothing fired']", `no alert "Nothing" here`},
		{"budget on no catch", "faults: []\nbudgets: ['all detected']", "no fault is injected"},
		{"demand that makes no sense", "budgets: ['consumer-lag missed']", "missed ok"},
		{"waiver of nothing", "waivers: [{waive: sleep, reason: r, expires: 2027-01-31}]", "legal values are missed, undiagnosed, false-alarm, never-fired"},
		{"waiver without its fault", "waivers: [{waive: missed, reason: r, expires: 2027-01-31}]", "waivers: number 1: missed needs the key fault"},
		{"waiver with a key too many", "waivers: [{waive: never-fired, alert: Watchdog, level: off, reason: r, expires: 2027-01-31}]", "never-fired has no key level"},
		{"waiver of an unknown fault", "waivers: [{waive: missed, fault: consumer-leg, reason: r, expires: 2027-01-31}]", "consumer-leg"},
		{"waiver at an unknown level", "waivers: [{waive: missed, fault: consumer-lag, level: loud, reason: r, expires: 2027-01-31}]", `unknown level "loud"`},
		{"waiver of an unknown alert", "waivers: [{waive: false-alarm, alert: Nothing, reason: r, expires: 2027-01-31}]", "Nothing"},
		{"waiver without a reason", "waivers: [{waive: missed, fault: consumer-lag, expires: 2027-01-31}]", "reason"},
		{"waiver without an end", "waivers: [{waive: missed, fault: consumer-lag, reason: r}]", "expires"},
		{"repeats", "catch: {repeats: 0}", "catch.repeats must be from 1 to 1000"},
		{"quantile out of reach", "budgets: ['p99 <= +5%']", `"p99 <= +5%": p99 needs about 12 rounds per launch at this rate and slot, up to 16 where journeys make fewer requests than are ordered, and toll.rounds is 14`},
		{"most launches", "toll: {max_launches: 101}", "toll.max_launches must be from 0 to 100"},
		{"two budgets of one thing", "budgets: ['cpu <= +5%', 'cpu <= +9%']", "the same thing"},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "e.yaml")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := Load(path)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

func TestPricesArePrinted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.yaml")
	if err := os.WriteFile(path, []byte("toll: {idle: 0s}\nprices: {currency: €, cpu_hour: 0.04, rate: 200}\nbudgets: [money <= +0.5]"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(); err != nil {
		t.Error(err)
	}
	text, err := e.Text()
	if err != nil || !strings.Contains(text, "prices:\n  currency: €\n  cpu_hour: 0.04\n  rate: 200\n") || !strings.Contains(text, "idle: 0s") {
		t.Errorf("%v: printed\n%s", err, text)
	}
}

func TestTarget(t *testing.T) {
	ours := Experiment{Targets: map[string]string{"service-pause": "ingest"}}
	if got := ours.Target("service-pause"); got != "ingest" {
		t.Errorf("target %q of our own stack", got)
	}
	theirs := Experiment{Environment: "external"}
	theirs.External.Targets = map[string]string{"service-pause": "shop"}
	if got := theirs.Target("service-pause"); got != "shop" {
		t.Errorf("target %q of another system", got)
	}
	if got := ours.Target("consumer-lag"); got != "" {
		t.Errorf("target %q where none is named", got)
	}
}

// TestWhatIsShownOfAnExperiment: settings are shown, and everything else is hidden, whatever the variable is called.
func TestWhatIsShownOfAnExperiment(t *testing.T) {
	env := map[string]struct{ value, shown string }{
		// hidden by what they are: no variable of OpenTelemetry's or of ours, and not named
		"DB_PASS": {"hunter2", "[redacted]"}, "PRIVATE_KEY": {"hunter2", "[redacted]"}, "AWS_ACCESS_KEY_ID": {"hunter2", "[redacted]"},
		"GITHUB_PAT": {"hunter2", "[redacted]"}, "SESSION_COOKIE": {"hunter2", "[redacted]"}, "SENTRY_DSN": {"https://hunter2@example.com/7", "[redacted]"},
		"DATABASE_URL": {"postgres://app:hunter2@db/shop", "[redacted]"}, "SPRING_BIRTHDAY": {"hunter2", "[redacted]"},
		"OTEL_VENDOR_THING": {"hunter2", "[redacted]"}, "OTEL_EXPORTER_OTLP_HEADERS": {"x-tenant=hunter2", "[redacted]"},
		"OTEL_EXPORTER_OTLP_LOGS_HEADERS": {"x-tenant=hunter2", "[redacted]"},
		// shown, but for a credential
		"OTEL_EXPORTER_OTLP_ENDPOINT":        {"https://me:hunter2@example.com:4318", "https://[redacted]@example.com:4318"},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": {"https://example.com/v1/traces?token=hunter2", "https://example.com/v1/traces?token=[redacted]"},
		"OTEL_RESOURCE_ATTRIBUTES":           {"team=search,api_key=hunter2", "team=search,api_key=[redacted]"},
		"CACHE_URL":                          {"redis://:hunter2@cache:6379/0", "redis://[redacted]@cache:6379/0"},
		// shown
		"OTEL_TRACES_EXPORTER": {"otlp", "otlp"}, "OTEL_TRACES_SAMPLER": {"parentbased_traceidratio", "parentbased_traceidratio"},
		"OTEL_TRACES_SAMPLER_ARG": {"0.1", "0.1"}, "OTEL_BSP_MAX_QUEUE_SIZE": {"4096", "4096"}, "PERSO_LOG_LEVEL": {"info", "info"},
		"DB_POOL_SIZE": {"20", "20"}, "TOKEN_TTL": {"5m", "5m"}, "UNSET": {"", ""},
	}
	e, err := Profile("")
	if err != nil {
		t.Fatal(err)
	}
	level := Level{result.Level{Name: "vendor", Env: map[string]string{}}}
	for name, v := range env {
		level.Env[name] = v.value
	}
	e.Environment, e.ShowEnv = "external", []string{"DB_POOL_SIZE", "TOKEN_TTL", "CACHE_URL"}
	e.Levels = append(e.Levels, level)
	e.External.URLs = map[string]string{"vendor": "https://hunter2@example.com"}
	e.External.Prometheus = map[string]testenv.SystemPrometheus{"vendor": {URL: "https://me:hunter2@example.com/prom"}}
	e.External.Proxies = map[string]testenv.SystemProxy{"db": {URL: "http://me:hunter2@example.com"}}
	e.External.Health = "/health?token=hunter2"
	shown := e.Public(level.Env)
	for name, v := range env {
		if shown[name] != v.shown {
			t.Errorf("%s: %q is shown as %q, want %q", name, v.value, shown[name], v.shown)
		}
	}
	printed, err := e.Text()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(printed, "hunter2") || !strings.Contains(printed, "OTEL_TRACES_EXPORTER: otlp") || !strings.Contains(printed, "https://[redacted]@example.com/prom") {
		t.Errorf("printed:\n%s", printed)
	}
	if e.Levels[len(e.Levels)-1].Env["DB_PASS"] != "hunter2" || e.External.URLs["vendor"] != "https://hunter2@example.com" {
		t.Error("hiding changed what is run")
	}
	if complaints := e.Validate(); complaints != nil && strings.Contains(complaints.Error(), "hunter2") {
		t.Errorf("a complaint shows it: %v", complaints)
	}
}

// TestShippedLevelsAreShownWhole: what differs between the levels of a report can be read there.
func TestShippedLevelsAreShownWhole(t *testing.T) {
	for _, l := range testenv.Levels() {
		if got := new(Experiment).Public(l.Env); !maps.Equal(got, l.Env) {
			t.Errorf("level %s: %v is shown as %v", l.Name, l.Env, got)
		}
	}
}

// TestFaultsAndRulesAgree: every alert that a fault names is one that the shipped rules have.
func TestFaultsAndRulesAgree(t *testing.T) {
	pack, err := alerts.Load("the shipped rules", rules.Pack)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, a := range pack.Alerts() {
		known[a.Name] = true
	}
	for _, f := range faults.All() {
		for _, name := range append(f.Expect, f.Allow...) {
			if !known[name] {
				t.Errorf("fault %s names alert %s, which the rules do not have", f.ID, name)
			}
		}
	}
}

// pprofOf is an experiment with deployments that serve CPU profiles there.
func pprofOf(places string) string {
	return "environment: external\nlevels: [off, full]\nexternal: {urls: {off: 'http://h:1', full: 'http://h:2'}, pprof: " + places + "}"
}
