package role

import (
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// full is a configuration in which no field is as in Defaults.
func full(t *testing.T) Config {
	t.Helper()
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{
		Arm: "traces-10", Run: "20260102-030405-pr", Launch: 2, Listen: InheritedListen, Token: "secret", Lifeline: LifelineStdin, Standstill: time.Minute, Stretch: 5,
		DecisionURL: "http://127.0.0.1:1", ModelURL: "https://model/base", ProfileURL: "http://[::1]:3",
		Brokers: []string{"127.0.0.1:2", "kafka:9092"}, RedisAddr: "127.0.0.1:4",
		Seed: -7, Users: 60, Items: 40, Refresh: 0, Debug: true, ItemLabels: true, Spin: 200 * time.Microsecond,
		Arms: []string{"off", "full"}, BackingToken: "0123456789ABCDEF", PipelineToken: "FEDCBA9876543210", Target: "http://user:password@127.0.0.1:5",
		Links: []Link{
			{Service: "decision", Listen: "127.0.0.1:0", Target: "http://[::1]:7"}, {Service: "store", Listen: ":9004", Target: "tcp://redis:6379"},
		},
		OTLPHTTP: "0.0.0.0:4318", OTLPGRPC: "0.0.0.0:4317", TelemetryDir: "/a b", SeriesDir: "/c=d", RulesFile: rules,
		TailSampling: "errors,share=0.1", ScrapeURL: "http://127.0.0.1:6/full",
		ScrapeInterval: 500 * time.Millisecond, EvalInterval: time.Second, Lookback: 5 * time.Second,
	}
}

// TestRoundTrip: FromEnv reads what Environ writes, whichever fields are set. A field without a variable fails the test.
func TestRoundTrip(t *testing.T) {
	whole, unset := reflect.ValueOf(full(t)), reflect.ValueOf(Defaults())
	for i := range whole.NumField() {
		if name := whole.Type().Field(i).Name; reflect.DeepEqual(whole.Field(i).Interface(), unset.Field(i).Interface()) {
			t.Fatalf("field %s is as in Defaults: give it another value in this test", name)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		want := Defaults()
		for i := range whole.NumField() {
			if n == 0 || rng.IntN(2) == 0 {
				reflect.ValueOf(&want).Elem().Field(i).Set(whole.Field(i))
			}
		}
		env := want.Environ()
		got, err := FromEnv(func(name string) string { return env[name] })
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v\nthrough %v", got, want, env)
		}
	}
	if env := Defaults().Environ(); len(env) > 0 {
		t.Errorf("what nobody has set is written: %v", env)
	}
}

// TestStretched: a role that runs all the time, and one whose configuration was never read, keep their intervals.
func TestStretched(t *testing.T) {
	for stretch, want := range map[float64]time.Duration{0: time.Second, 1: time.Second, 5: 5 * time.Second, 2.5: 2500 * time.Millisecond} {
		if got := (Config{Stretch: stretch}).Stretched(time.Second); got != want {
			t.Errorf("%g: %v, want %v", stretch, got, want)
		}
	}
}

// TestRefreshInterval: a rate that no duration can have an interval of is once a day, not an interval below 0.
func TestRefreshInterval(t *testing.T) {
	for refresh, want := range map[float64]time.Duration{20: 50 * time.Millisecond, 100_000: 10 * time.Microsecond, 1e-10: 24 * time.Hour} {
		if got := (Config{Refresh: refresh}).RefreshInterval(); got != want {
			t.Errorf("%g a second: %v, want %v", refresh, got, want)
		}
	}
}

func TestFromEnvSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"PERSO_ARM", "Full", "a-z"},
		{"PERSO_ARM", "a/b", "a-z"},
		{"PERSO_LISTEN", "localhost", "host:port"},
		{"PERSO_LISTEN", "fd:0", "fd:N"}, // standard input cannot be a listener
		{"PERSO_LIFELINE", "stdout", "stdin"},
		{"PERSO_MODEL_URL", "127.0.0.1:1", "base URL"},
		{"PERSO_PROFILE_URL", "http://h/?q=1", "base URL"},
		{"PERSO_KAFKA_BROKERS", "127.0.0.1:1,", "each host:port"},
		{"PERSO_REDIS_ADDR", "127.0.0.1:99999", "65535"},
		{"PERSO_SEED", "x", "integer"},
		{"PERSO_USERS", "0", "from 1"},
		{"PERSO_ITEMS", "-1", "from 1"},
		{"PERSO_LINKS", "store=127.0.0.1:0", "SERVICE=LISTEN=TARGET"},
		{"PERSO_LINKS", "store=127.0.0.1:0=redis:6379", "tcp://"},
		{"PERSO_LINKS", "store=127.0.0.1:0=tcp://redis:6379,", "each"},
		{"PERSO_LINKS", "store=x=tcp://redis:6379", "LISTEN"},
		{"PERSO_STANDSTILL", "20", "2s"},
		{"PERSO_STANDSTILL", "-1s", "at least 0s"},
		{"PERSO_SPIN", "200", "200us"},
		{"PERSO_SPIN", "-1ms", "0s to 1s"},
		{"PERSO_STRETCH", "1001", "number"},
		{"PERSO_REFRESH", "NaN", "number"},
		{"PERSO_LOG_LEVEL", "trace", "info or debug"},
		{"PERSO_ITEM_LABELS", "yes", "false or true"},
		{"PERSO_ARMS", "a,,b", "arm name"},
		{"PERSO_SCRAPE_URL", "localhost", "http://host:port/path"},
		{"PERSO_OTLP_HTTP", "4318", "e.g. 0.0.0.0:4318"},
		{"PERSO_RULES_FILE", "/none/rules.yaml", "a file that can be read"},
		{"PERSO_EVAL_INTERVAL", "1ms", "at least 50ms"},
	} {
		_, err := FromEnv(func(name string) string {
			if name == c.name {
				return c.value
			}
			return ""
		})
		if err == nil || !strings.Contains(err.Error(), c.name) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.value) {
			t.Errorf("%s=%q: error %v", c.name, c.value, err)
		}
	}
	for _, name := range []string{"PERSO_BACKING_TOKEN", "PERSO_PIPELINE_TOKEN"} {
		for _, value := range []string{"guessable", "0123456789 ABCDEF", "0123456789ABCDEF\r\n"} {
			_, err := FromEnv(func(asked string) string { return map[string]string{name: value}[asked] })
			if err == nil || !strings.Contains(err.Error(), name+" must be 16 to 256") || strings.Contains(err.Error(), value) {
				t.Errorf("%s=%q: error %v", name, value, err)
			}
		}
	}
	// All of them at once, and no secret in any.
	_, err := FromEnv(func(name string) string {
		return map[string]string{"PERSO_SEED": "x", "PERSO_TARGET_URL": "ftp://me:pass@h", "PERSO_USERS": "-"}[name]
	})
	for _, want := range []string{"PERSO_SEED", "PERSO_TARGET_URL", "PERSO_USERS"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), "pass") {
		t.Errorf("a password is shown: %v", err)
	}
}

func TestRequire(t *testing.T) {
	c := Config{Arm: "off", Brokers: []string{"a:1"}}
	if err := c.Require(Ingest, &c.Arm, &c.Brokers); err != nil {
		t.Error(err)
	}
	err := c.Require(Gateway, &c.Arm, &c.DecisionURL, &c.Arms)
	if err == nil || err.Error() != "gateway needs PERSO_DECISION_URL\ngateway needs PERSO_ARMS" {
		t.Errorf("error %v", err)
	}
}

func TestLevelVariables(t *testing.T) {
	var c Config
	known := map[string]bool{}
	for _, v := range c.variables() {
		if known[v.name] {
			t.Errorf("%s is there twice", v.name)
		}
		known[v.name] = true
	}
	for _, name := range LevelVariables() {
		if !known[name] {
			t.Errorf("%s is no variable of a role", name)
		}
	}
}

func TestListen(t *testing.T) {
	first, err := Listen(DefaultListen)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	file, err := first.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	fd := inheritedPrefix + strconv.Itoa(int(file.Fd()))
	second, err := Listen(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if first.Addr().String() != second.Addr().String() {
		t.Errorf("%s is at %s, want %s", fd, second.Addr(), first.Addr())
	}
	for _, wrong := range []string{"fd:x", "fd:1000", "127.0.0.1", first.Addr().String()} {
		if l, err := Listen(wrong); err == nil {
			_ = l.Close()
			t.Errorf("%s: no error", wrong)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{EventsTopic("off"), ProfilesTopic("off"), IngestGroup("off")} {
		if short := WithoutArm("off", name); short == name || "off."+short != name || WithoutArm("full", name) != name {
			t.Errorf("%s without its arm is %s", name, short)
		}
	}
}

// TestDocumented: docs/stack.md has every variable of a role, and no others.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/stack.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, name := range regexp.MustCompile(`PERSO_[A-Z_]+`).FindAllString(string(text), -1) {
		documented[name] = true
	}
	var c Config
	for _, v := range c.variables() {
		if !documented[v.name] {
			t.Errorf("docs/stack.md lacks %s", v.name)
		}
		delete(documented, v.name)
	}
	if len(documented) > 0 {
		t.Errorf("docs/stack.md has variables that no role reads: %v", documented)
	}
}
