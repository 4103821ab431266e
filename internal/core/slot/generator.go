package slot

import (
	"fmt"
	"strconv"
	"time"
)

// Environment variables of the load generator that Go code reads or sets by name. Generator.variables has all of them.
const (
	EnvConductor = "TOLLGATE_CONDUCTOR"
	EnvToken     = "TOLLGATE_TOKEN" // #nosec G101 -- the name of a variable
	EnvRecord    = "TOLLGATE_RECORD"
	EnvSeed      = "TOLLGATE_SEED"
	EnvVUs       = "TOLLGATE_VUS"
	EnvScriptEnv = "TOLLGATE_ENV"
	EnvBaseURL   = "BASE_URL"
)

// NoBaseURL is what BASE_URL holds until a script of the user's own has its turn. It leads nowhere.
const NoBaseURL = "http://tollgate-base-url.invalid"

// VUs of the generator: how many there are unless the user says otherwise, for a script of the user's own and for journeys of
// ours, and the most that there can be.
const (
	DefaultVUs     = 50
	DefaultWorkers = 1024
	MaxVUs         = 10_000
)

// Generator is what the orchestrator hands to the load generator when it starts k6, as environment variables. k6's extension
// reads Conductor, Token and Record, the scripts measure.js, script.js and script-env.js read the others.
type Generator struct {
	Conductor string // base URL of the orchestrator, e.g. http://127.0.0.1:4711
	Token     string // bearer token for it
	Record    string // path of the HDR histogram log that the generator appends to

	Seed         int64         // of the journeys, or of the arrivals of a script's turns
	Users, Items int           // the population that the stack was trained on
	Journeys     string        // file of recorded sessions to replay; "": journeys are made up from the population
	Columns      string        // how that file is laid out: the name of a preset, or pairs; "": our own columns
	GapLimit     time.Duration // longer recorded gaps are cut to it; 0: none is
	Speed        float64       // recorded gaps are divided by it, after they were cut
	Timeout      time.Duration // most that one request of a journey may take

	VUs int // most turns of a script of the user's own, or requests of journeys of ours, that can be on at once, over all arms; 1 to MaxVUs

	Scenario string // of a script of the user's own: the scenario that makes the turns; "": the only one that can
	Env      string // variables that a script of the user's own gets, but k6 does not, by name, as a JSON object; "": none
	BaseURL  string // where a script finds its target: NoBaseURL until it has its turn
}

// variable is a field of a Generator and the environment variable that carries it.
type variable struct {
	name  string
	field any // a pointer
}

// variables are all of a generator, in the order of its fields.
func (g *Generator) variables() []variable {
	return []variable{
		{EnvConductor, &g.Conductor},
		{EnvToken, &g.Token},
		{EnvRecord, &g.Record},
		{EnvSeed, &g.Seed},
		{"TOLLGATE_USERS", &g.Users},
		{"TOLLGATE_ITEMS", &g.Items},
		{"TOLLGATE_JOURNEYS", &g.Journeys},
		{"TOLLGATE_COLUMNS", &g.Columns},
		{"TOLLGATE_GAP_LIMIT", &g.GapLimit},
		{"TOLLGATE_SPEED", &g.Speed},
		{"TOLLGATE_TIMEOUT", &g.Timeout},
		{EnvVUs, &g.VUs},
		{"TOLLGATE_SCENARIO", &g.Scenario},
		{EnvScriptEnv, &g.Env},
		{EnvBaseURL, &g.BaseURL},
	}
}

// Environ is the generator as environment variables, all of them, by name. GeneratorFrom is its inverse.
func (g Generator) Environ() map[string]string {
	out := map[string]string{}
	for _, v := range g.variables() {
		switch field := v.field.(type) {
		case *float64:
			out[v.name] = strconv.FormatFloat(*field, 'g', -1, 64)
		case *string:
			out[v.name] = *field
		case *int:
			out[v.name] = strconv.Itoa(*field)
		case *int64:
			out[v.name] = strconv.FormatInt(*field, 10)
		case *time.Duration:
			out[v.name] = field.String()
		}
	}
	return out
}

// GeneratorFrom reads a generator from environment variables, as os.LookupEnv looks them up. A variable that is not set
// leaves its field at zero. Errors name the variable.
func GeneratorFrom(lookup func(string) (string, bool)) (Generator, error) {
	var g Generator
	for _, v := range g.variables() {
		text, ok := lookup(v.name)
		if !ok {
			continue
		}
		var err error
		switch field := v.field.(type) {
		case *string:
			*field = text
		case *int:
			*field, err = strconv.Atoi(text)
		case *int64:
			*field, err = strconv.ParseInt(text, 10, 64)
		case *float64:
			*field, err = strconv.ParseFloat(text, 64)
		case *time.Duration:
			*field, err = time.ParseDuration(text)
		}
		if err != nil {
			return Generator{}, fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return g, nil
}

// UserVUs is what the user's own TOLLGATE_VUS asks for, 0 if it is not set or empty.
func UserVUs(lookup func(string) (string, bool)) (int, error) {
	text, ok := lookup(EnvVUs)
	if !ok || text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxVUs {
		return 0, fmt.Errorf("%s must be a whole number from 1 to %d, got %q", EnvVUs, MaxVUs, text)
	}
	return n, nil
}
