package role

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Config is the configuration of a role. FromEnv reads it from environment variables and Environ turns it into them. The zero
// value of a field is its default, unless the comment names another.
type Config struct {
	Arm        string        // name of the arm; topics, consumer group and keys begin with it
	Run        string        // id of the run; "": the role belongs to none
	Launch     int           // of the run; counts up from 0
	Listen     string        // host:port, or fd:N for an inherited listener; default DefaultListen
	Token      string        // bearer token of the control endpoint; "" closes it
	Standstill time.Duration // for how long the role may be stopped at once: its time-outs allow for it; 0: it never is
	Stretch    float64       // how many times as long its own intervals are, since it runs for one part in so many of the time; up to 1: as long as ever
	Lifeline   string        // LifelineStdin: the role ends when its standard input ends; "": it does not watch it

	// Of the stack's services.
	DecisionURL string        // base URL
	ModelURL    string        // base URL
	ProfileURL  string        // base URL
	Brokers     []string      // host:port
	RedisAddr   string        // host:port
	Seed        int64         // of the population; default 1
	Users       int           // in the population; default 1000
	Items       int           // in the catalogue; default 200
	Refresh     float64       // profile records per second that the etl delivers after the first pass; default 20, 0: none
	Debug       bool          // log at debug level
	ItemLabels  bool          // per-item metric labels
	Spin        time.Duration // how long the gateway, or the delay proxy, spins per request; 0: not at all
	Arms        []string      // of Backing: the arms for which it has a broker and a store

	BackingToken string // what each connection to the broker and the store begins with: see Gate; "": nothing, as with servers that are not Backing

	// Of the delay proxy.
	Target string // base URL of the service behind the proxy; it may hold a password

	// Of the links.
	Links []Link

	// Of the telemetry pipeline.
	PipelineToken  string        // OTLP and the Prometheus API need it as a bearer token or a password; "": they are open
	OTLPHTTP       string        // host:port at which the Collector takes OTLP over HTTP; "": a free port of the loopback interface
	OTLPGRPC       string        // the same over gRPC
	TelemetryDir   string        // gets ARM.spans.jsonl and ARM.logs.jsonl; "": spans and log records are counted and dropped
	SeriesDir      string        // the TSDB; "": a scratch directory that is removed at the end
	RulesFile      string        // Prometheus rule file; "": none
	TailSampling   string        // in the form that collector.ParseTail reads; "": every span that arrives is kept
	ScrapeURL      string        // the outside view; "": not scraped
	ScrapeInterval time.Duration // 0: the pipeline's default
	EvalInterval   time.Duration // of rule groups that name none; 0: the pipeline's default
	Lookback       time.Duration // how old a sample may be to count as current; 0: ten intervals
}

// Stretched is an interval of the role's own by the clock on the wall, of which it sees a part only.
func (c Config) Stretched(interval time.Duration) time.Duration {
	return time.Duration(float64(interval) * max(1, c.Stretch))
}

// RefreshInterval is the time between two records that the etl delivers, of a Refresh above 0; at most a day.
func (c Config) RefreshInterval() time.Duration {
	return time.Duration(min(float64(time.Second)/c.Refresh, float64(24*time.Hour)))
}

// LifelineStdin is the one legal Config.Lifeline besides "".
const LifelineStdin = "stdin"

// DefaultListen is a free port of the loopback interface.
const DefaultListen = "127.0.0.1:0"

// EnvStretch is the variable of Config.Stretch.
const EnvStretch = "PERSO_STRETCH"

// Variables that a level may set, besides the variables of OpenTelemetry.
const (
	EnvLogLevel     = "PERSO_LOG_LEVEL"     // info or debug
	EnvItemLabels   = "PERSO_ITEM_LABELS"   // false or true
	EnvRefresh      = "PERSO_REFRESH"       // see Config.Refresh
	EnvTailSampling = "PERSO_TAIL_SAMPLING" // see Config.TailSampling
)

// LevelVariables returns these variables, for messages and checks.
func LevelVariables() []string {
	return []string{EnvLogLevel, EnvItemLabels, EnvRefresh, EnvTailSampling}
}

// RunAttribute is the resource attribute that has the id of the run.
const RunAttribute = "tollgate.run.id"

// MaxSpin is the longest Config.Spin.
const MaxSpin = time.Second

// leastInterval is the shortest interval of the pipeline.
const leastInterval = 50 * time.Millisecond

// Defaults returns the configuration of an empty environment.
func Defaults() Config {
	return Config{Listen: DefaultListen, Seed: 1, Users: 1000, Items: 200, Refresh: 20}
}

// variables returns all variables, with the fields that they set.
func (c *Config) variables() []variable {
	return []variable{
		text("PERSO_ARM", &c.Arm, armName),
		text("PERSO_RUN", &c.Run, anything),
		integer("PERSO_LAUNCH", &c.Launch, 0, 1<<31),
		text("PERSO_LISTEN", &c.Listen, listenAddress),
		text("PERSO_CONTROL_TOKEN", &c.Token, anything),
		text("PERSO_LIFELINE", &c.Lifeline, oneOf("", LifelineStdin)),
		duration("PERSO_STANDSTILL", &c.Standstill, 0, 1<<62, "a duration of at least 0s, e.g. 2s"),
		number(EnvStretch, &c.Stretch, 0, 1000),

		baseURL("PERSO_DECISION_URL", &c.DecisionURL),
		baseURL("PERSO_MODEL_URL", &c.ModelURL),
		baseURL("PERSO_PROFILE_URL", &c.ProfileURL),
		list("PERSO_KAFKA_BROKERS", &c.Brokers, hostPort),
		text("PERSO_REDIS_ADDR", &c.RedisAddr, hostPort),
		integer("PERSO_SEED", &c.Seed, -1<<62, 1<<62),
		integer("PERSO_USERS", &c.Users, 1, 1_000_000),
		integer("PERSO_ITEMS", &c.Items, 1, 100_000),
		number(EnvRefresh, &c.Refresh, 0, 100_000),
		choice(EnvLogLevel, &c.Debug, "info", "debug"),
		choice(EnvItemLabels, &c.ItemLabels, "false", "true"),
		duration("PERSO_SPIN", &c.Spin, 0, MaxSpin, fmt.Sprintf("a duration from 0s to %v, e.g. 200us", MaxSpin)),
		list("PERSO_ARMS", &c.Arms, armName),
		secret(text("PERSO_BACKING_TOKEN", &c.BackingToken, token)),

		secret(baseURL("PERSO_TARGET_URL", &c.Target)),
		links("PERSO_LINKS", &c.Links),

		secret(text("PERSO_PIPELINE_TOKEN", &c.PipelineToken, token)),
		text("PERSO_OTLP_HTTP", &c.OTLPHTTP, openAddress),
		text("PERSO_OTLP_GRPC", &c.OTLPGRPC, openAddress),
		text("PERSO_TELEMETRY_DIR", &c.TelemetryDir, anything),
		text("PERSO_SERIES_DIR", &c.SeriesDir, anything),
		text("PERSO_RULES_FILE", &c.RulesFile, existing),
		text(EnvTailSampling, &c.TailSampling, anything),
		text("PERSO_SCRAPE_URL", &c.ScrapeURL, pageURL),
		interval("PERSO_SCRAPE_INTERVAL", &c.ScrapeInterval),
		interval("PERSO_EVAL_INTERVAL", &c.EvalInterval),
		interval("PERSO_LOOKBACK", &c.Lookback),
	}
}

// FromEnv reads the configuration with getenv. It is strict: the error names every variable that is wrong and the legal values.
// An empty variable counts as not set. The Run of a role checks whether the variables that the role needs are set.
func FromEnv(getenv func(string) string) (Config, error) {
	c := Defaults()
	var errs []error
	for _, v := range c.variables() {
		value := getenv(v.name)
		if value == "" {
			continue
		}
		if legal := v.set(value); legal != "" {
			shown := fmt.Sprintf(", got %q", value)
			if v.secret {
				shown = ""
			}
			errs = append(errs, fmt.Errorf("role: %s must be %s%s", v.name, legal, shown))
		}
	}
	return c, errors.Join(errs...)
}

// Environ returns the configuration as environment variables; FromEnv reads the same configuration from them. Fields with the
// values of Defaults are left out.
func (c Config) Environ() map[string]string {
	unset := Defaults()
	env := map[string]string{}
	defaults := unset.variables()
	for i, v := range c.variables() {
		if value := v.get(); value != defaults[i].get() {
			env[v.name] = value
		}
	}
	return env
}

// Require returns an error that names the variable of every given field that is not set; role is the role that needs them.
// Fields are pointers to fields of c.
func (c *Config) Require(role string, fields ...any) error {
	var errs []error
	for _, v := range c.variables() {
		if slices.Contains(fields, v.field) && v.get() == "" {
			errs = append(errs, fmt.Errorf("%s needs %s", role, v.name))
		}
	}
	return errors.Join(errs...)
}
