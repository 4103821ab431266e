package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/faults"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/collector"
	"github.com/tollgate-dev/tollgate/testenv/engine"
)

// Environments are the legal values of Experiment.Environment.
var Environments = []string{"process", "containers", "external"}

// MaxSeed is the largest seed: the largest number that scripts of k6 hold exactly.
const MaxSeed = int64(1)<<53 - 1

// own are the variables of this stack that a level may set; the others are the harness's.
var own = []string{"PERSO_LOG_LEVEL", "PERSO_ITEM_LABELS", "PERSO_REFRESH", collector.EnvTail}

// levelName is what a level may be called: it becomes a directory, a topic prefix and part of a tag.
var levelName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// reserved are the names of the control arms.
var reserved = []string{RepeatArm, DelayArm}

// Validate refuses what cannot be run; every complaint is in the error, one per line, with the legal values.
func (e *Experiment) Validate() error {
	c := &complaints{}
	c.oneOf("environment", e.Environment, Environments)
	within(c, "seed", e.Seed, -MaxSeed, MaxSeed)
	e.validateLevels(c)
	seen := map[string]bool{}
	for _, id := range e.Faults {
		if _, err := faults.Lookup(id); err != nil {
			c.add("faults: %v", err)
		}
		if seen[id] {
			c.add("faults: %s is listed twice", id)
		}
		seen[id] = true
	}
	e.validateTargets(c)
	e.validateJourneys(c)
	e.validateToll(c)
	e.validateCapacity(c)
	e.validateCatch(c)
	e.validateTelemetry(c)
	e.validateAlerts(c)
	e.validateBudgets(c)
	e.validatePrices(c)
	e.validateContainers(c)
	e.validateExternal(c)
	return c.err()
}

// validateTargets holds the targets of our own stack to its services; those of another system are the system's.
func (e *Experiment) validateTargets(c *complaints) {
	if e.Environment == "external" && len(e.Targets) > 0 {
		c.add("targets: the targets in a system of your own are named in external.targets")
		return
	}
	for _, fault := range slices.Sorted(maps.Keys(e.Targets)) {
		if _, err := faults.Lookup(fault); err != nil {
			c.add("targets: %v", err)
		}
		c.oneOf("targets: "+fault, e.Targets[fault], testenv.Services())
	}
}

// Choice is which images the experiment wants.
func (c Containers) Choice() engine.Choice {
	return engine.Choice{Registry: c.Registry, Refs: c.Images}
}

// Targets are the back ends that the experiment wants.
func (c Containers) Targets() ([]collector.Target, error) {
	var targets []collector.Target
	for _, text := range c.Backends {
		t, err := collector.ParseTarget(text)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func (e *Experiment) validateContainers(c *complaints) {
	if err := e.Containers.Choice().Check(); err != nil {
		c.add("containers.images: %v", err)
	}
	if _, err := e.Containers.Targets(); err != nil {
		c.add("containers.backends: %v", err)
	}
}

func (e *Experiment) validateLevels(c *complaints) {
	if len(e.Levels) == 0 {
		c.add("levels: at least the baseline must be named")
	}
	seen := map[string]bool{}
	for _, l := range e.Levels {
		switch {
		case !levelName.MatchString(l.Name):
			c.add("levels: name %q must be lower-case letters, digits and hyphens, at most 31 of them", l.Name)
		case slices.Contains(reserved, l.Name):
			c.add("levels: %q is the name of a control arm", l.Name)
		case seen[l.Name]:
			c.add("levels: %s is listed twice", l.Name)
		}
		seen[l.Name] = true
		if _, err := collector.ParseTail(l.Env[collector.EnvTail]); err != nil {
			c.add("levels: %s: %v", l.Name, err)
		}
		for _, key := range slices.Sorted(maps.Keys(l.Env)) {
			if !strings.HasPrefix(key, "OTEL_") && !slices.Contains(own, key) && e.Environment != "external" {
				c.add("levels: %s: variable %s: a level is made of OTEL_* and %s", l.Name, key, strings.Join(own, ", "))
			}
			if l.Env[key] == redacted {
				c.add("levels: %s: variable %s: its value was taken out when the experiment was printed: put it in again", l.Name, key)
			}
		}
	}
}

func (e *Experiment) validateBudgets(c *complaints) {
	budgets, err := verdict.ParseBudgets(e.Budgets)
	if err == nil {
		var above []string
		for i, l := range e.Levels {
			if i > 0 {
				above = append(above, l.Name)
			}
		}
		err = verdict.CheckBudgets(budgets, above)
	}
	for _, b := range budgets {
		if m, _ := verdict.Lookup(b.Metric); m.Phase == slot.Capacity && e.Capacity.Launches == 0 {
			c.add("budgets: %q: this experiment does not measure the capacity: set capacity.launches, or name it in --only", b.Text)
		}
	}
	if err != nil {
		c.add("budgets: %v", err)
	}
	for _, b := range budgets {
		m, _ := verdict.Lookup(b.Metric)
		if need := m.Rounds(e.mainPerSlot()); need > e.Toll.Rounds && e.Toll.Launches > 0 {
			c.add("budgets: %q: %s needs about %d rounds per launch at this rate and slot, and toll.rounds is %d: run more rounds (--rounds), "+
				"a higher rate (--rate) or longer slots", b.Text, b.Metric, need, e.Toll.Rounds)
		}
	}
}

// mainShare is the share of recommends among the requests of our journeys, those of the population and recorded ones alike,
// as runs have shown it: 0.33 to 0.36.
const mainShare = 0.35

// mainPerSlot is how many requests of the step whose latency is the toll a slot records, about; of a script of the user's
// own at most, if every turn makes one.
func (e *Experiment) mainPerSlot() float64 {
	all := e.Toll.Rate * (e.Toll.Slot - e.Toll.Washout).Seconds()
	if e.Journeys.Script != "" {
		return all
	}
	return all * mainShare
}

func (e *Experiment) validateJourneys(c *complaints) {
	within(c, "journeys.speed", e.Journeys.Speed, 1, 1e6)
	within(c, "journeys.users", e.Journeys.Users, 10, 100_000)
	within(c, "journeys.items", e.Journeys.Items, 16, 10_000)
	if e.Journeys.File != "" {
		if info, err := os.Stat(e.Journeys.File); err != nil {
			c.add("journeys.file: %v", err)
		} else if info.IsDir() {
			c.add("journeys.file: %s is a directory", e.Journeys.File)
		}
	}
}

func (e *Experiment) validateToll(c *complaints) {
	within(c, "toll.launches", e.Toll.Launches, 0, 100)
	within(c, "toll.max_launches", e.Toll.Most, 0, 100)
	within(c, "toll.rounds", e.Toll.Rounds, 1, 10_000)
	within(c, "toll.slot", e.Toll.Slot, 100*time.Millisecond, time.Minute)
	within(c, "toll.washout", e.Toll.Washout, 0, max(0, e.Toll.Slot/2))
	within(c, "toll.rate", e.Toll.Rate, 1, 20_000)
	within(c, "toll.warmup", e.Toll.Warmup, 0, 5*time.Minute)
	if idle, low, high := e.Toll.Idle, 100*time.Millisecond, time.Minute; idle != 0 && (idle < low || idle > high) {
		c.add("toll.idle must be 0, for not measured, or from %v to %v, got %v", low, high, idle)
	}
	within(c, "toll.known_delay", e.Toll.KnownDelay, 10*time.Microsecond, 100*time.Millisecond)
	for _, id := range slices.Sorted(maps.Keys(e.Toll.EqualWithin)) {
		c.oneOf("toll.equal_within", id, verdict.EqualWithin())
		within(c, "toll.equal_within: "+id, e.Toll.EqualWithin[id], 0.01, 10)
	}
	within(c, "toll.drain_limit", e.Toll.DrainLimit, 0, time.Minute)
}

func (e *Experiment) validateCapacity(c *complaints) {
	within(c, "capacity.launches", e.Capacity.Launches, 0, 100)
	within(c, "capacity.rounds", e.Capacity.Rounds, 8, 1000) // fewer do not leave the first bracket
	within(c, "capacity.slo_p99", e.Capacity.SLOP99, time.Millisecond, clientTimeout)
	within(c, "capacity.slo_share", e.Capacity.SLOShare, 0.5, 1)
	within(c, "capacity.start", e.Capacity.Start, 1, 20_000)
	within(c, "capacity.max", e.Capacity.Max, max(1, e.Capacity.Start), 20_000)
	within(c, "capacity.resolution", e.Capacity.Resolution, 0.005, 0.5)
	within(c, "capacity.slot", e.Capacity.Slot, 500*time.Millisecond, time.Minute)
	within(c, "capacity.washout", e.Capacity.Washout, 0, max(0, e.Capacity.Slot/2))
	if e.Capacity.Launches > 0 && e.Journeys.Script != "" {
		c.add("capacity: a script of your own brings turns and not requests at a rate, so that its capacity cannot be searched for: " +
			"set capacity.launches to 0")
	}
}

func (e *Experiment) validateCatch(c *complaints) {
	within(c, "catch.rate", e.Catch.Rate, 1, 20_000)
	within(c, "catch.settle", e.Catch.Settle, 0, time.Hour)
	within(c, "catch.clean", e.Catch.Clean, time.Second, time.Hour)
	within(c, "catch.hold", e.Catch.Hold, time.Second, time.Hour)
	within(c, "catch.clear", e.Catch.Clear, time.Second, time.Hour)
	within(c, "catch.confirm_limit", e.Catch.ConfirmLimit, time.Second, time.Hour)
	if e.Toll.Launches == 0 && e.Capacity.Launches == 0 && len(e.Faults) == 0 {
		c.add("nothing to do: toll.launches and capacity.launches are 0 and there are no faults")
	}
}

func (e *Experiment) validateTelemetry(c *complaints) {
	least := 10 * time.Millisecond
	within(c, "telemetry.batch_delay", e.Telemetry.BatchDelay, least, time.Minute)
	within(c, "telemetry.metric_interval", e.Telemetry.MetricInterval, least, time.Minute)
	within(c, "telemetry.catch_metric_interval", e.Telemetry.CatchMetricInterval, least, time.Minute)
	within(c, "telemetry.scrape_interval", e.Telemetry.ScrapeInterval, 100*time.Millisecond, time.Minute)
	within(c, "alerts.lapse", e.Alerts.Lapse, 1, 1000)
	within(c, "alerts.eval_interval", e.Alerts.EvalInterval, 100*time.Millisecond, time.Hour)
}

// complaints collects what is wrong with an experiment.
type complaints struct{ errs []error }

func (c *complaints) add(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("experiment: "+format, args...))
}

func (c *complaints) oneOf(key, value string, legal []string) {
	if !slices.Contains(legal, value) {
		c.add("%s: unknown value %q: legal values are %s", key, value, strings.Join(legal, ", "))
	}
}

func (c *complaints) err() error { return errors.Join(c.errs...) }

// within complains unless low ≤ value ≤ high.
func within[T cmp.Ordered](c *complaints, key string, value, low, high T) {
	if f, ok := any(value).(float64); (ok && math.IsNaN(f)) || value < low || value > high {
		c.add("%s must be from %v to %v, got %v", key, low, high, value)
	}
}

// secretName matches variables whose values stay out of run directories and printed experiments.
var secretName = regexp.MustCompile(`(?i)header|token|secret|passw|api.?key|credential|auth`)

// redacted stands where a secret was.
const redacted = "[redacted]"

// Redact replaces the values of secret-looking variables, and of those that hold a URL with a user's name or password.
func Redact(env map[string]string) map[string]string {
	out := maps.Clone(env)
	for key, value := range out {
		if u, err := url.Parse(value); secretName.MatchString(key) || err == nil && u.User != nil {
			out[key] = redacted
		}
	}
	return out
}
