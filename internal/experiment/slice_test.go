package experiment

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// beats counts how often a ticker, or a timer that begins anew whenever it has gone off, is seen in an arm that runs for a slice and
// then waits while the others have theirs. What is due during a wait is seen once, at its end.
func beats(p pace, interval time.Duration, anew bool, slices int) (n int) {
	due := interval
	for k := range slices {
		from := time.Duration(k) * (p.arms*p.slice + 7*time.Millisecond) // changing arms takes some time, so that nothing keeps step
		for max(due, from) < from+p.slice {
			seen := max(due, from)
			n++
			if due += interval; anew {
				due = seen + interval
			}
			for !anew && due <= from {
				due += interval
			}
		}
	}
	return n
}

// TestPace: in slices, what is due by the clock comes as often in the arm's own running time as it was asked for.
func TestPace(t *testing.T) {
	const (
		ms     = time.Millisecond
		slices = 2000
	)
	for _, arms := range []time.Duration{3, 4, 6, 11} {
		p := pace{100 * ms, arms}
		for _, interval := range []time.Duration{10 * ms, 20 * ms, 50 * ms, 70 * ms, 90 * ms, 100 * ms, 130 * ms, 250 * ms, 500 * ms, time.Second} {
			want := float64(slices*p.slice) / float64(interval)
			if got := float64(beats(p, p.ticker(interval), false, slices)); got < 0.9*want || got > 1.1*want {
				t.Errorf("ticker of %v, %d arms: %.0f times, want %.0f", interval, arms, got, want)
			}
			if interval%p.slice == p.slice/2 {
				continue // either whole number is as near
			}
			whole := math.Round(float64(p.slice) / float64(interval)) // in a slice
			if interval >= p.slice {
				whole = 1 / math.Round(float64(interval)/float64(p.slice))
			}
			if got := float64(beats(p, p.timer(interval), true, slices)); math.Abs(got/slices-whole) > 0.05*whole {
				t.Errorf("timer of %v, %d arms: %.2f times a slice, want %.2f", interval, arms, got/slices, whole)
			}
		}
	}
	whole := pace{0, 4}
	if whole.ticker(50*ms) != 50*ms || whole.timer(time.Second) != time.Second {
		t.Error("intervals change where no arm waits")
	}
}

// TestSlice: where arms cannot wait, or a slice is no part of a slot, slots are in one piece.
func TestSlice(t *testing.T) {
	sliced := Experiment{Environment: "process", Toll: Toll{Slot: 500 * time.Millisecond, Slice: 100 * time.Millisecond, Washout: 50 * time.Millisecond}}
	for name, tt := range map[string]struct {
		change   func(*Experiment)
		slices   int
		recorded time.Duration
	}{
		"processes":  {func(*Experiment) {}, 5, 500 * time.Millisecond},
		"containers": {func(e *Experiment) { e.Environment = "containers" }, 5, 500 * time.Millisecond},
		"external":   {func(e *Experiment) { e.Environment = "external" }, 1, 450 * time.Millisecond},
		"script":     {func(e *Experiment) { e.Journeys.Script = "shop.js" }, 1, 450 * time.Millisecond},
		"none":       {func(e *Experiment) { e.Toll.Slice = 0 }, 1, 450 * time.Millisecond},
		"odd slot":   {func(e *Experiment) { e.Toll.Slot = 250 * time.Millisecond }, 3, 250 * time.Millisecond},
		"short slot": {func(e *Experiment) { e.Toll.Slot = 120 * time.Millisecond }, 1, 70 * time.Millisecond},
		"whole slot": {func(e *Experiment) { e.Toll.Slice = e.Toll.Slot }, 1, 450 * time.Millisecond},
	} {
		e := sliced
		tt.change(&e)
		if e.Slices() != tt.slices || e.Recorded() != tt.recorded || e.Slice() > 0 && e.Slice()*time.Duration(tt.slices) > e.Toll.Slot {
			t.Errorf("%s: %d slices, %v recorded", name, e.Slices(), e.Recorded())
		}
	}
}

// TestTollSpecs: intervals are stretched for every level alike, also those that a level sets itself.
func TestTollSpecs(t *testing.T) {
	e, err := Profile("pr")
	if err != nil {
		t.Fatal(err)
	}
	e.Levels[3].Env = map[string]string{"OTEL_METRIC_EXPORT_INTERVAL": "1000", "OTEL_BSP_SCHEDULE_DELAY": "soon", role.EnvRefresh: "500"}
	e.Levels[2].Env = map[string]string{
		"OTEL_EXPORTER_OTLP_TIMEOUT": "1000", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "500", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "0",
		"OTEL_BSP_EXPORT_TIMEOUT": "",
	}
	specs, scrape := e.TollSpecs()
	if arms := time.Duration(len(specs)); scrape != arms*e.Telemetry.ScrapeInterval {
		t.Errorf("scraped every %v", scrape)
	}
	for _, s := range specs {
		want := map[string]string{exportInterval: "1500", batchDelayOfSpans: "67", batchDelayOfLogs: "67"}
		want[role.EnvStretch] = strconv.Itoa(len(specs))
		want[role.EnvRefresh] = "10" // of 20: one when a slice of 100 ms begins, and one in it
		if s.Level == e.Levels[3].Name {
			want[exportInterval], want[batchDelayOfSpans], want[role.EnvRefresh] = "6000", "soon", "490"
		}
		for _, variable := range []string{"OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BLRP_EXPORT_TIMEOUT", "OTEL_METRIC_EXPORT_TIMEOUT"} {
			want[variable] = milliseconds(30*time.Second + e.Standstill())
		}
		otlp, logs, traces := 10*time.Second, "", "" // of one signal: as of all
		if s.Level == e.Levels[2].Name {
			otlp, logs, traces = time.Second, milliseconds(500*time.Millisecond+e.Standstill()), "0" // no limit
		}
		want["OTEL_EXPORTER_OTLP_TIMEOUT"] = milliseconds(otlp + e.Standstill())
		want["OTEL_EXPORTER_OTLP_LOGS_TIMEOUT"], want["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] = logs, traces
		for name, value := range want {
			if s.Env[name] != value {
				t.Errorf("%s: %s=%s, want %s", s.Name, name, s.Env[name], value)
			}
		}
	}
}

// TestTollSpecsOfWhatCannotBeParked: services of others keep the time-outs that they have.
func TestTollSpecsOfWhatCannotBeParked(t *testing.T) {
	e, err := Profile("pr")
	if err != nil {
		t.Fatal(err)
	}
	e.Environment = "external"
	e.Levels[1].Env = map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "1000"}
	specs, _ := e.TollSpecs()
	for _, s := range specs {
		for name := range exportLimits {
			if got, own := s.Env[name], s.Level == e.Levels[1].Name && name == "OTEL_EXPORTER_OTLP_TIMEOUT"; (got == "1000") != own || !own && got != "" {
				t.Errorf("%s: %s=%s", s.Name, name, got)
			}
		}
	}
}

// TestStandstill: an arm may stand still while all others have their longest turn twice, and drain.
func TestStandstill(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		change func(*Experiment)
		want   time.Duration
	}{
		{"slots", func(*Experiment) {}, 8 * (10*s + 3*s)},
		{"at rest", func(e *Experiment) { e.Toll.Idle = 20 * s }, 8 * (20*s + 3*s)},
		{"profiles", func(e *Experiment) { e.Toll.CPUProfile = 30 * s }, 8 * (30*s + 3*s)},
		{"capacity", func(e *Experiment) { e.Capacity.Launches = 1 }, 8 * (40*s + 3*s)},
		{"cannot be parked", func(e *Experiment) { e.Environment = "external" }, 0},
	} {
		e := Experiment{Levels: make([]Level, 3)}
		e.Toll.Slot, e.Toll.DrainLimit, e.Capacity.Slot = 10*s, 3*s, 40*s
		if c.change(&e); e.Standstill() != c.want {
			t.Errorf("%s: %v, want %v", c.name, e.Standstill(), c.want)
		}
	}
}
