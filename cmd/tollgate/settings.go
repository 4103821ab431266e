package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
	"github.com/tollgate-dev/tollgate/internal/experiment"
)

// setting is a flag of run that changes the experiment. A flag that is not given changes nothing.
type setting struct {
	name     string
	register func(*pflag.FlagSet)
	lay      func(*experiment.Experiment) error // puts the flag's value into the experiment
}

// rulesUsage is what the flag --rules does, of run and of up.
const rulesUsage = "Prometheus rule files or PrometheusRule resources to evaluate instead of the shipped pack: paths or patterns, such as 'rules/*.yaml'"

// settings returns all settings. Their order has no meaning, since help sorts them. A new setting is a line in one of the two.
func settings() []setting { return append(catchSettings(), tollSettings()...) }

// tollSettings are those that have nothing to say to a sweep, which measures no toll and injects one fault.
func tollSettings() []setting {
	type e = experiment.Experiment
	return []setting{
		lays("faults", "faults to inject, in this order, or all; empty for none at all (see: tollgate list faults)",
			(*pflag.FlagSet).StringSliceVar, func(e *e, ids []string) error { e.Faults = experiment.NamedFaults(ids...); return nil }),
		sets("rate", "requests per second in a toll slot", (*pflag.FlagSet).Float64Var, func(e *e) *float64 { return &e.Toll.Rate }),
		sets("rounds", "toll rounds per launch", (*pflag.FlagSet).IntVar, func(e *e) *int { return &e.Toll.Rounds }),
		sets("launches", "toll launches; 0 measures no toll", (*pflag.FlagSet).IntVar, func(e *e) *int { return &e.Toll.Launches }),
		sets("cpu-profile", "let every service take a CPU profile of itself, for so long per level and launch, after the toll, e.g. 5s; 0: none",
			(*pflag.FlagSet).DurationVar, func(e *e) *time.Duration { return &e.Toll.CPUProfile }),
		sets("max-launches", "toll launches at most, while a budget is open", (*pflag.FlagSet).IntVar, func(e *e) *int { return &e.Toll.Most }),
		lays("resolve", "measure until every change at a metric is known so finely, e.g. 'p50 2%' (repeatable; p50, p95, cpu)",
			(*pflag.FlagSet).StringArrayVar, func(e *e, texts []string) (err error) {
				e.Toll.Resolve, err = experiment.ParseResolve(texts)
				return err
			}),
		sets("at-most", "how long --resolve may take (default 10m)", (*pflag.FlagSet).DurationVar, func(e *e) *time.Duration { return &e.Toll.AtMost }),
		sets("budget", "budget to judge, e.g. 'full: p95 <= +5%' or 'full: all detected' (repeatable)",
			(*pflag.FlagSet).StringArrayVar, func(e *e) *[]string { return &e.Budgets }),
		lays("waivers", "file of what is known and accepted until a day (see docs/verdict.md)", (*pflag.FlagSet).StringVar,
			func(e *e, path string) (err error) { e.Waivers, err = experiment.ReadWaivers(path); return err }),
		sets("repeats", "how often every fault is injected in a launch", (*pflag.FlagSet).IntVar, func(e *e) *int { return &e.Catch.Repeats }),
		sets("history", "judge alerts that look back farther than the run with so much synthetic history before it, e.g. 30d (see docs/backtest.md)",
			(*pflag.FlagSet).StringVar, func(e *e) *string { return &e.Catch.History }),
	}
}

// fitting says which flags that were given do not go together in an experiment.
func fitting(e *experiment.Experiment, given func(name string) bool) error {
	switch resolves := len(e.Toll.Resolve) > 0; {
	case !resolves && given("at-most"):
		return errors.New("--at-most is how long --resolve may take: give both")
	case resolves && given("max-launches"):
		return errors.New("--max-launches extends a toll while a budget is open, and --resolve until its changes are known finely enough: give one of them")
	}
	return nil
}

// catchSettings are those of a sweep, too.
func catchSettings() []setting {
	type e = experiment.Experiment
	return []setting{
		sets("env", "where the stack runs: "+strings.Join(experiment.Environments, ", ")+" (default process)",
			(*pflag.FlagSet).StringVar, func(e *e) *string { return &e.Environment }),
		lays("levels", "levels to compare, the baseline first, or all (see: tollgate list levels)",
			(*pflag.FlagSet).StringSliceVar, func(e *e, names []string) (err error) { e.Levels, err = experiment.NamedLevels(names...); return err }),
		lays("fault", "the only fault to inject, with its parameters, e.g. 'consumer-lag: bytes=4096' (repeatable)",
			(*pflag.FlagSet).StringArrayVar, func(e *e, texts []string) error { e.Faults = texts; return nil }),
		sets("seed", "seed of everything that is drawn", (*pflag.FlagSet).Int64Var, func(e *e) *int64 { return &e.Seed }),
		sets("journeys", "replay recorded sessions from a CSV, TSV or JSON lines file, or gzip of one",
			(*pflag.FlagSet).StringVar, func(e *e) *string { return &e.Journeys.File }),
		sets("columns", journey.ColumnsHelp(), (*pflag.FlagSet).StringVar, func(e *e) *string { return &e.Journeys.Columns }),
		sets("gap-limit", "cut longer gaps between recorded clicks to this, e.g. 10m", (*pflag.FlagSet).DurationVar, func(e *e) *time.Duration { return &e.Journeys.GapLimit }),
		sets("speed", "divide recorded think times by this", (*pflag.FlagSet).Float64Var, func(e *e) *float64 { return &e.Journeys.Speed }),
		sets("vus", "turns of a k6 script of your own, or requests, that can be on at once (default 50 turns, 1024 requests)",
			(*pflag.FlagSet).IntVar, func(e *e) *int { return &e.Journeys.VUs }),
		sets("rules", rulesUsage, (*pflag.FlagSet).StringSliceVar, func(e *e) *[]string { return (*[]string)(&e.Alerts.Rules) }),
		sets("backend", "with --env containers: where traces and more go besides Jaeger, NAME or NAME=ADDRESS (see docs/backends.md)",
			(*pflag.FlagSet).StringSliceVar, func(e *e) *[]string { return &e.Containers.Backends }),
	}
}

// register is a method of a flag set that makes a flag of one type, e.g. (*pflag.FlagSet).StringVar.
type register[T any] func(flags *pflag.FlagSet, value *T, name string, unset T, usage string)

// sets returns the flag that sets one key of the experiment.
func sets[T any](name, usage string, kind register[T], key func(*experiment.Experiment) *T) setting {
	return lays(name, usage, kind, func(e *experiment.Experiment, value T) error { *key(e) = value; return nil })
}

// lays returns a flag that sets more than one key of the experiment.
func lays[T any](name, usage string, kind register[T], lay func(*experiment.Experiment, T) error) setting {
	value, unset := new(T), *new(T)
	return setting{
		name:     name,
		register: func(flags *pflag.FlagSet) { kind(flags, value, name, unset, usage) },
		lay: func(e *experiment.Experiment) error {
			if err := lay(e, *value); err != nil {
				return fmt.Errorf("--%s: %w", name, err)
			}
			return nil
		},
	}
}
