package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/core/result"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/scenarios"
	"github.com/tollgate-dev/tollgate/testenv"
	"github.com/tollgate-dev/tollgate/testenv/process"
)

// requestsPerJourney is how many requests a journey of scenarios/journeys.js makes on average.
const requestsPerJourney = 11.5

// usualOptions are the sizes of a run of the usual way.
type usualOptions struct {
	load   time.Duration // of each of the three deployments
	warmup time.Duration // before it, not counted
	rate   float64       // requests per second, about: k6 starts whole journeys
	delays []delay
}

// journeys is how many journeys start per second.
func (o usualOptions) journeys() int { return int(math.Round(o.rate / requestsPerJourney)) }

func (o usualOptions) check() error {
	if o.load < time.Second || o.load > time.Hour || o.warmup < 0 || o.warmup > time.Hour {
		return fmt.Errorf("--load must be from 1s to 1h and --warmup from 0 to 1h, got %v and %v", o.load, o.warmup)
	}
	if o.journeys() < 1 || o.journeys() > 1000 {
		return fmt.Errorf("--rate must be from %.0f to %.0f requests per second, got %g", requestsPerJourney, 1000*requestsPerJourney, o.rate)
	}
	return nil
}

func (b *bench) usualCommand() *cobra.Command {
	var binary, out, delays string
	var runs int
	size, sizeErr := defaultSize()
	var o usualOptions
	c := &cobra.Command{
		Use:   "usual",
		Short: "Side by side with the usual way: k6 per deployment, one after the other, compare the summaries",
		Long: `Deploys three stacks one after the other: off, off again, and off with a known delay, runs k6 with the shipped journeys
against each, and compares the summaries. The table has the usual way beside tollgate's runs of identical code in the same
directory. By default the three deployments together get as much load as the four arms of one such run. A run that is
complete is kept.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if o.delays, err = parseDelays(delays); err != nil {
				return err
			}
			if err := errors.Join(o.check(), checkRuns(runs)); err != nil {
				return err
			}
			return b.measureAndShow(binary, out, usualTables, func(binary string) error {
				return b.usualRuns(c.Context(), binary, out, runs, o)
			})
		},
	}
	binaryFlag(c.Flags(), &binary)
	outFlag(c.Flags(), &out)
	c.Flags().IntVar(&runs, "runs", 20, "number of runs, of three deployments each")
	c.Flags().StringVar(&delays, "delays", defaultDelays, "known delays, in turn: microseconds, or per cent of the first deployment's median")
	c.Flags().DurationVar(&o.load, "load", identicalArms*size.load()/3, "load of each deployment")
	c.Flags().DurationVar(&o.warmup, "warmup", 3*time.Second, "load before it that is not counted")
	c.Flags().Float64Var(&o.rate, "rate", size.rate, "requests per second, about")
	c.PreRunE = func(*cobra.Command, []string) error { return sizeErr }
	return c
}

// usualRuns makes the runs that are missing in dir.
func (b *bench) usualRuns(ctx context.Context, binary, dir string, runs int, o usualOptions) error {
	e, err := experiment.Profile("")
	if err != nil {
		return err
	}
	off, err := testenv.Level("off")
	if err != nil {
		return err
	}
	e.Levels = []experiment.Level{{Level: off}}
	if err := (&process.Environment{}).Check(ctx, 1); err != nil {
		return err
	}
	version, err := versionOf(ctx, binary)
	if err != nil {
		return err
	}
	if err := b.recordCommand(dir, "usual"); err != nil {
		return err
	}
	for i := 1; i <= runs; i++ {
		out := filepath.Join(dir, fmt.Sprintf("usual-%03d", i))
		done, err := usualComplete(out)
		if err != nil {
			return err
		}
		if done {
			b.say("%s: kept, it is complete", filepath.Base(out))
			continue
		}
		if err := errors.Join(putAside(out), os.Mkdir(out, 0o750)); err != nil {
			return err
		}
		e.Seed = int64(i)
		u := usualRun{Origin: here(version), Seed: e.Seed, Load: o.load, Warmup: o.warmup, Journeys: o.journeys()}
		d := o.delays[(i-1)%len(o.delays)]
		u.Delay = d.slug()
		for _, name := range []string{usualA, usualB, usualC} {
			spin := time.Duration(0)
			if name == usualC {
				if spin, err = d.of(u.Deployments[0].Summary.P50); err != nil {
					return err
				}
			}
			b.say("run %d of %d: %s, known delay %v, %v of load", i, runs, name, spin, o.load)
			deployed, err := deployAndLoad(ctx, binary, out, name, e, spin, o)
			if err != nil {
				return fmt.Errorf("%s: deployment %s: %w", filepath.Base(out), name, err)
			}
			u.Deployments = append(u.Deployments, deployed)
		}
		if err := u.write(out); err != nil {
			return err
		}
	}
	return nil
}

// deployAndLoad brings up one stack, runs k6 against it, and takes it down again.
func deployAndLoad(ctx context.Context, binary, dir, name string, e *experiment.Experiment,
	spin time.Duration, o usualOptions,
) (d deployment, err error) {
	d.Name = name
	log, err := createLog(filepath.Join(dir, name+".log"))
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	arms := e.CatchArms()
	if spin > 0 {
		arms[0].Role, arms[0].Delay = result.RoleKnownDelay, spin
	}
	launch, err := (&process.Environment{Binary: binary}).Launch(ctx, testenv.Spec{
		Arms: arms, Seed: e.Seed, Users: e.Journeys.Users, Items: e.Journeys.Items, Log: log,
		EvalInterval: e.Alerts.EvalInterval, Scrape: e.Telemetry.ScrapeInterval,
	})
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, launch.Close(context.WithoutCancel(ctx))) }()
	target := launch.Arms()[0].Gateway()
	if o.warmup > 0 {
		if _, _, err := runK6(ctx, binary, dir, name+"-warmup", target, e, o.journeys(), o.warmup); err != nil {
			return d, err
		}
	}
	if d.Summary, d.Samples, err = runK6(ctx, binary, dir, name, target, e, o.journeys(), o.load); err != nil {
		return d, err
	}
	if spin > 0 {
		d.Spun, err = askSpun(ctx, target)
	}
	return d, err
}

// Exit codes of k6 that are accepted: success, and thresholds that were crossed, which do not matter here.
var k6Codes = []int{0, 99}

// runK6 runs the shipped journeys. It reads the samples and then removes them; the summary stays.
func runK6(ctx context.Context, binary, dir, name, target string, e *experiment.Experiment,
	journeys int, length time.Duration,
) (summary, []float64, error) {
	text, err := scenarios.Scripts.ReadFile(scenarios.Journeys)
	if err != nil {
		return summary{}, nil, err
	}
	path := func(suffix string) string { return filepath.Join(dir, name+suffix) }
	script := filepath.Join(dir, scenarios.Journeys)
	if err := files.Write(script, text); err != nil {
		return summary{}, nil, err
	}
	env := map[string]string{
		"TARGET": target, "RATE": strconv.Itoa(journeys), "DURATION": length.String(), "SEED": strconv.FormatInt(e.Seed, 10),
		"USERS": strconv.Itoa(e.Journeys.Users), "ITEMS": strconv.Itoa(e.Journeys.Items),
	}
	samplesFile, err := os.CreateTemp("", "bench-verdict-*.csv")
	if err != nil {
		return summary{}, nil, err
	}
	defer os.Remove(samplesFile.Name())
	if err := samplesFile.Close(); err != nil {
		return summary{}, nil, err
	}
	code, err := execute(ctx, binary, path(".k6.log"), env, "k6", "run", "--quiet", "--no-usage-report", "--address=",
		"--summary-trend-stats="+trendStats, "--summary-export="+path(".k6.json"), "--out", "csv="+samplesFile.Name(), script)
	if err != nil {
		return summary{}, nil, err
	}
	if !slices.Contains(k6Codes, code) {
		return summary{}, nil, fmt.Errorf("k6 ended with exit code %d: see %s", code, path(".k6.log"))
	}
	return readK6(path(".k6.json"), samplesFile.Name())
}
