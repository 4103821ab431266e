package experiment

import (
	"maps"
	"os"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
	"github.com/tollgate-dev/tollgate/internal/verdict"
)

// Environments are the legal values of Experiment.Environment.
var Environments = []string{"process", "containers", "external"}

// MaxSeed is the largest seed: the largest whole number that JavaScript, in which k6 scripts are written, holds exactly.
const MaxSeed = int64(1)<<53 - 1

// ClientTimeout is how long the load generator waits for an answer.
const ClientTimeout = 5 * time.Second

// Validate refuses what cannot be run; every complaint is in the error, one per line, with the legal values.
func (e *Experiment) Validate() error {
	c := &complaints{}
	c.oneOf("environment", e.Environment, Environments)
	within(c, "seed", e.Seed, -MaxSeed, MaxSeed)
	e.validateLevels(c)
	e.validateShown(c)
	e.validateFaults(c)
	e.validateTargets(c)
	e.validateJourneys(c)
	e.validateToll(c)
	e.validateCapacity(c)
	e.validateCatch(c)
	e.validateSweep(c)
	e.validateTelemetry(c)
	rules := e.validateAlerts(c)
	e.validateBudgets(c, rules)
	e.validateWaivers(c, rules)
	e.validatePrices(c)
	e.validateContainers(c)
	e.validateExternal(c)
	return c.err()
}

func (e *Experiment) validateJourneys(c *complaints) {
	if vus := e.Journeys.VUs; vus != 0 && (vus < 1 || vus > slot.MaxVUs) {
		c.add("journeys.vus must be from 1 to %d, or 0 for %d turns of a script, %d requests of journeys; got %d",
			slot.MaxVUs, slot.DefaultVUs, slot.DefaultWorkers, vus)
	}
	if e.Journeys.Scenario != "" && e.Journeys.Script == "" {
		c.add("journeys.scenario: want a scenario of journeys.script, which is not set, got %q", e.Journeys.Scenario)
	}
	within(c, "journeys.speed", e.Journeys.Speed, 1, 1e6)
	if limit, low, high := e.Journeys.GapLimit, time.Millisecond, 10_000*time.Hour; limit != 0 && (limit < low || limit > high) {
		c.add("journeys.gap_limit must be 0, for none, or from %v to %v, got %v", low, high, limit)
	}
	if e.Journeys.GapLimit != 0 && e.Journeys.File == "" {
		c.add("journeys.gap_limit is for recorded sessions, and journeys.file names none")
	}
	if e.Journeys.Columns != "" && e.Journeys.File == "" {
		c.add("journeys.columns is for recorded sessions, and journeys.file names none")
	}
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
	within(c, "toll.launches", e.Toll.Launches, 0, MaxLaunches)
	within(c, "toll.max_launches", e.Toll.Most, 0, MaxLaunches)
	within(c, "toll.rounds", e.Toll.Rounds, 1, 10_000)
	within(c, "toll.slot", e.Toll.Slot, 100*time.Millisecond, time.Minute)
	if slice, least := e.Toll.Slice, 50*time.Millisecond; slice != 0 && (slice < least || slice > e.Toll.Slot) {
		c.add("toll.slice must be 0, for slots in one piece, or from %v to toll.slot (%v), got %v", least, e.Toll.Slot, slice)
	}
	within(c, "toll.washout", e.Toll.Washout, 0, max(0, e.Toll.Slot/2))
	within(c, "toll.rate", e.Toll.Rate, 1, 20_000)
	within(c, "toll.warmup", e.Toll.Warmup, 0, 5*time.Minute)
	if idle, low, high := e.Toll.Idle, 100*time.Millisecond, time.Minute; idle != 0 && (idle < low || idle > high) {
		c.add("toll.idle must be 0, for not measured, or from %v to %v, got %v", low, high, idle)
	}
	if length := e.Toll.CPUProfile; length != 0 && (length < time.Second || length > time.Minute || length%time.Second != 0) {
		c.add("toll.cpu_profile must be 0, for none, or whole seconds from 1s to 1m, got %v", length)
	}
	within(c, "toll.known_delay", e.Toll.KnownDelay, 10*time.Microsecond, 100*time.Millisecond)
	for _, id := range slices.Sorted(maps.Keys(e.Toll.EqualWithin)) {
		c.oneOf("toll.equal_within", id, verdict.EqualWithin())
		within(c, "toll.equal_within: "+id, e.Toll.EqualWithin[id], 0.01, 10)
	}
	for _, id := range slices.Sorted(maps.Keys(e.Toll.Resolve)) {
		c.oneOf("toll.resolve", id, verdict.EqualWithin())
		within(c, "toll.resolve: "+id, e.Toll.Resolve[id], 0.001, 1)
	}
	within(c, "toll.at_most", e.Toll.AtMost, 10*time.Second, 24*time.Hour)
	if len(e.Toll.Resolve) > 0 && e.Toll.Launches == 0 {
		c.add("toll.resolve is of the toll, and toll.launches is 0: measure it, or leave toll.resolve out")
	}
	within(c, "toll.drain_limit", e.Toll.DrainLimit, 0, time.Minute)
}

func (e *Experiment) validateCapacity(c *complaints) {
	within(c, "capacity.launches", e.Capacity.Launches, 0, 100)
	within(c, "capacity.rounds", e.Capacity.Rounds, 8, 1000) // fewer do not leave the first bracket
	within(c, "capacity.slo_p99", e.Capacity.SLOP99, time.Millisecond, ClientTimeout)
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
	within(c, "catch.quiet_limit", e.Catch.QuietLimit, 0, time.Hour)
	within(c, "catch.launches", e.Catch.Launches, 1, 100)
	within(c, "catch.repeats", e.Catch.Repeats, 1, 1000)
	within(c, "catch.at_once", e.Catch.AtOnce, 0, 1000)
	e.validateHistory(c)
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
