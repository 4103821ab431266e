package slot

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

// What the orchestrator writes is what the generator reads, and no field is left out.
func TestGeneratorRoundTrip(t *testing.T) {
	want := Generator{
		Conductor: "http://127.0.0.1:4711", Token: "secret", Record: "/tmp/a run/latency.hlog",
		Seed: -1 << 53, Users: 1000, Items: 200, Journeys: "/tmp/clicks=1.tsv", Columns: "Time=ts,time=ms", GapLimit: 5 * time.Minute, Speed: 0.1, Timeout: 1500 * time.Millisecond,
		VUs: 80, Scenario: "browse", Env: `{"K6_WHO":"me"}`, BaseURL: NoBaseURL,
	}
	v := reflect.ValueOf(want)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not tested", v.Type().Field(i).Name)
		}
	}
	if got := len(want.Environ()); got != v.NumField() {
		t.Errorf("%d variables of %d fields", got, v.NumField())
	}
	for _, g := range []Generator{want, {}} {
		if got, err := GeneratorFrom(lookupIn(g.Environ())); err != nil || got != g {
			t.Errorf("%+v, %v, want %+v", got, err, g)
		}
	}
	if got, err := GeneratorFrom(lookupIn(nil)); err != nil || got != (Generator{}) {
		t.Errorf("of nothing: %+v, %v", got, err)
	}
}

func TestGeneratorFromNonsense(t *testing.T) {
	for name, text := range map[string]string{
		EnvSeed: "1.5", "TOLLGATE_USERS": "many", "TOLLGATE_SPEED": "fast", "TOLLGATE_TIMEOUT": "5", EnvVUs: "",
	} {
		if _, err := GeneratorFrom(lookupIn(map[string]string{name: text})); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s=%q: %v", name, text, err)
		}
	}
}

func TestUserVUs(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int // -1: refused
	}{
		{"1", 1}, {"80", 80}, {"10000", 10_000},
		{"", 0}, // as good as not set
		{"0", -1}, {"-1", -1}, {"10001", -1}, {"1.5", -1}, {"5e1", -1}, {" 5", -1}, {"many", -1},
	} {
		got, err := UserVUs(lookupIn(map[string]string{EnvVUs: tt.text}))
		refused := err != nil && strings.HasPrefix(err.Error(), "TOLLGATE_VUS must be a whole number from 1 to 10000, got ")
		if got != max(0, tt.want) || refused != (tt.want < 0) {
			t.Errorf("%q: %d, %v, want %d", tt.text, got, err, tt.want)
		}
	}
	if got, err := UserVUs(lookupIn(nil)); got != 0 || err != nil {
		t.Errorf("not set: %d, %v", got, err)
	}
}
