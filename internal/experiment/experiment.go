// Package experiment is the experiment file: its keys, the profiles that supply what it leaves out, what is refused, and
// the arms that follow from it. Package runner carries it out.
package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
)

// Experiment is an experiment file. Profiles are experiment files too, embedded in package scenarios; the pr profile
// documents every key.
type Experiment struct {
	Profile     string    `yaml:"profile"` // the profile that supplies what the file leaves out; "" for pr
	Seed        int64     `yaml:"seed"`
	Environment string    `yaml:"environment"`
	Levels      Levels    `yaml:"levels,flow"`
	ShowEnv     []string  `yaml:"show_env,flow"` // variables of levels whose values may be shown, besides those of OpenTelemetry
	Faults      Faults    `yaml:"faults,flow"`
	Journeys    Journeys  `yaml:"journeys"`
	Toll        Toll      `yaml:"toll"`
	Capacity    Capacity  `yaml:"capacity"`
	Catch       Catch     `yaml:"catch"`
	Sweep       Sweep     `yaml:"sweep"`
	Telemetry   Telemetry `yaml:"telemetry"`
	Alerts      Alerts    `yaml:"alerts"`
	Budgets     []string  `yaml:"budgets"`
	Waivers     Waivers   `yaml:"waivers"`

	Prices result.Prices `yaml:"prices"`

	Containers Containers     `yaml:"containers"`
	External   testenv.System `yaml:"external"`

	Targets map[string]string `yaml:"targets"` // by fault: the service of our stack that it is injected into instead of its own choice
}

// Journeys says where journeys come from.
type Journeys struct {
	Script   string `yaml:"script"`   // a k6 script of the user's own, which makes the load instead; "" for journeys of ours
	Scenario string `yaml:"scenario"` // of the script: what makes the turns; "" for the only one that can
	Step     string `yaml:"step"`     // of the script: its requests with this tag are the toll; "" for those without one
	VUs      int    `yaml:"vus"`      // turns of the script, or requests, that can be on at once; 0 for slot.DefaultVUs, or slot.DefaultWorkers

	File     string        `yaml:"file"`      // recorded sessions; "" for the population
	Columns  string        `yaml:"columns"`   // how that file is laid out, as journey.Reading has it; "" for our own columns
	GapLimit time.Duration `yaml:"gap_limit"` // longer gaps between the events of a recorded session are cut to it; 0: none is
	Speed    float64       `yaml:"speed"`     // recorded think times are divided by it, after they were cut
	Users    int           `yaml:"users"`
	Items    int           `yaml:"items"`
}

// Toll sizes the measurement.
type Toll struct {
	Launches   int           `yaml:"launches"`
	Most       int           `yaml:"max_launches"` // while a budget is open; no more than Launches: the toll is never extended
	Rounds     int           `yaml:"rounds"`       // per launch
	Slot       time.Duration `yaml:"slot"`
	Slice      time.Duration `yaml:"slice"` // the arms of a round alternate after so much of their slots; 0: after whole slots, see Experiment.Slice
	Washout    time.Duration `yaml:"washout"`
	Rate       float64       `yaml:"rate"` // requests per second in a slot
	Warmup     time.Duration `yaml:"warmup"`
	Idle       time.Duration `yaml:"idle"`        // without load, per arm and launch; 0: the use at rest is not measured
	CPUProfile time.Duration `yaml:"cpu_profile"` // of every service, per level and launch, after the rounds; 0: none is taken
	KnownDelay time.Duration `yaml:"known_delay"`
	DrainLimit time.Duration `yaml:"drain_limit"`

	EqualWithin map[string]float64 `yaml:"equal_within,flow"` // see result.Plan
	Resolve     map[string]float64 `yaml:"resolve,flow"`      // likewise; empty: as many launches as Launches and Most say
	AtMost      time.Duration      `yaml:"at_most"`           // that Resolve may take
}

// Capacity sizes the search for the highest rate that every level sustains, and says what sustaining means.
type Capacity struct {
	Launches   int           `yaml:"launches"`   // 0: not measured
	Rounds     int           `yaml:"rounds"`     // per launch: slots of every arm
	SLOP99     time.Duration `yaml:"slo_p99"`    // the longest p99 response time of the main step
	SLOShare   float64       `yaml:"slo_share"`  // the least share of requests that must be answered without error
	Start      float64       `yaml:"start"`      // requests per second in the first slot of a search
	Max        float64       `yaml:"max"`        // requests per second that no search goes beyond
	Resolution float64       `yaml:"resolution"` // smallest step of a search: 0.02 is 2 %
	Slot       time.Duration `yaml:"slot"`
	Washout    time.Duration `yaml:"washout"`
}

// Catch sizes the passes of the faults.
type Catch struct {
	Rate         float64       `yaml:"rate"` // requests per second and arm
	Settle       time.Duration `yaml:"settle"`
	Clean        time.Duration `yaml:"clean"`
	Hold         time.Duration `yaml:"hold"`
	Clear        time.Duration `yaml:"clear"`
	ConfirmLimit time.Duration `yaml:"confirm_limit"`
	QuietLimit   time.Duration `yaml:"quiet_limit"` // most that a pass waits for the alerts of the one before
	Shuffle      bool          `yaml:"shuffle"`     // see Passes
	Launches     int           `yaml:"launches"`    // how often every level is deployed anew to go through all faults
	Repeats      int           `yaml:"repeats"`     // how often every fault is injected in a launch
	AtOnce       int           `yaml:"at_once"`     // most levels in one launch; 0: all, or as many as the machine has CPU time for by the toll
	History      string        `yaml:"history"`     // synthetic history before the run, in the rules' own time: 30d; "" for none
}

// Telemetry sets the intervals that are alike in every level.
type Telemetry struct {
	BatchDelay          time.Duration `yaml:"batch_delay"`
	MetricInterval      time.Duration `yaml:"metric_interval"`
	CatchMetricInterval time.Duration `yaml:"catch_metric_interval"`
	ScrapeInterval      time.Duration `yaml:"scrape_interval"`
}

// Alerts says which rules are evaluated, and how much faster than written.
type Alerts struct {
	Rules        testenv.Files       `yaml:"rules"`
	Lapse        float64             `yaml:"lapse"`
	EvalInterval time.Duration       `yaml:"eval_interval"`
	Expect       map[string][]string `yaml:"expect,flow"` // by fault: which alerts of other rules should fire, instead of the catalogue's
}

// Profile returns the embedded profile of that name, with every key that it leaves out from the default profile. The error
// lists the legal names.
func Profile(name string) (*Experiment, error) {
	var e Experiment
	for _, layer := range []string{scenarios.DefaultProfile, name} {
		text, err := scenarios.Profile(layer)
		if err != nil {
			return nil, err
		}
		if err := decode(text, &e); err != nil {
			return nil, fmt.Errorf("profile %s: %w", layer, err)
		}
	}
	return &e, nil
}

// Load reads an experiment file. What it leaves out comes from the profile that it names.
func Load(path string) (*Experiment, error) {
	text, err := files.Read(path, files.Text)
	if err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	return parse(path, text)
}

// parse reads the text of an experiment file; path is for messages.
func parse(path string, text []byte) (*Experiment, error) {
	var head struct {
		Profile string `yaml:"profile"`
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", path, err)
	}
	e, err := Profile(head.Profile)
	if err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", path, err)
	}
	if err := decode(text, e); err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", path, err)
	}
	return e, nil
}

// Text is the experiment as a file, with secrets replaced.
func (e *Experiment) Text() (string, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	printed := *e
	printed.External, printed.Levels = publicSystem(e.External), slices.Clone(e.Levels)
	for i, l := range e.Levels {
		printed.Levels[i].Env = e.Public(l.Env)
	}
	if err := errors.Join(enc.Encode(printed), enc.Close()); err != nil {
		return "", fmt.Errorf("experiment: %w", err)
	}
	return out.String(), nil
}

// decode reads YAML strictly: a key that is not known is refused with the ones that are.
func decode(text []byte, e *Experiment) error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(e); err != nil && !errors.Is(err, io.EOF) {
		return legalKeys(err)
	}
	return nil
}
