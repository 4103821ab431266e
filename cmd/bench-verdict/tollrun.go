package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/core/files"
	"github.com/tollgate-dev/tollgate/internal/experiment"
	"github.com/tollgate-dev/tollgate/internal/markdown"
	"github.com/tollgate-dev/tollgate/testenv"
)

// binaryFlag is the flag for the tollgate binary that measures.
func binaryFlag(flags *pflag.FlagSet, binary *string) {
	flags.StringVar(binary, "tollgate", filepath.Join("bin", "tollgate"), "the tollgate that measures, as `make build` leaves it")
}

// checkBinary makes the path absolute. If the file is missing, the error says how to make it.
func checkBinary(binary string) (string, error) {
	info, err := os.Stat(binary)
	if err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("--tollgate: there is no program at %s: run `make build`, or name another one", binary)
	}
	return filepath.Abs(binary)
}

// measureAndShow measures with a binary that exists, then prints the tables of everything in dir.
func (b *bench) measureAndShow(binary, dir string, tables func(dir string) ([]*markdown.Table, error), measure func(binary string) error) error {
	binary, err := checkBinary(binary)
	if err != nil {
		return err
	}
	if err := measure(binary); err != nil {
		return err
	}
	all, err := tables(dir)
	if err != nil {
		return err
	}
	return writeAll(b.stdout, all)
}

// tollOnly returns an experiment without faults, with the given levels above the baseline off.
func tollOnly(levels ...experiment.Level) (*experiment.Experiment, error) {
	e, err := experiment.Profile("")
	if err != nil {
		return nil, err
	}
	off, err := testenv.Level("off")
	if err != nil {
		return nil, err
	}
	e.Levels = append([]experiment.Level{{Level: off}}, levels...)
	e.Faults, e.Budgets = []string{}, []string{}
	return e, nil
}

// Exit codes of `tollgate run` after a run that was measured: one for each of the verdicts pass, inconclusive, invalid and
// fail.
var measuredCodes = []int{0, 3, 4, 5}

// endGrace is how long an interrupted tollgate may take to tear down and to write what it has.
const endGrace = time.Minute

// measure makes the run NAME in dir, unless dir has it already, complete. The output of the run goes to NAME.log.
func (b *bench) measure(ctx context.Context, binary, dir, name string, e *experiment.Experiment) error {
	out := filepath.Join(dir, name)
	done, err := complete(out)
	if err != nil {
		return err
	}
	if done {
		b.say("%s: kept, it is complete", name)
		return nil
	}
	if err := errors.Join(e.Validate(), putAside(out)); err != nil {
		return err
	}
	text, err := e.Text()
	if err != nil {
		return err
	}
	if err := files.Write(out+".yaml", []byte(text)); err != nil {
		return err
	}
	begin := time.Now()
	b.say("%s: %d launches of %d rounds of %v, %d arms, known delay %v, seed %d", name, e.Toll.Launches, e.Toll.Rounds, e.Toll.Slot,
		len(e.Levels)+2, e.Toll.KnownDelay, e.Seed)
	code, err := execute(ctx, binary, out+".log", nil, "run", out+".yaml", "--out", out)
	if err != nil {
		return err
	}
	if !slices.Contains(measuredCodes, code) {
		return fmt.Errorf("%s: tollgate ended with exit code %d: see %s", name, code, out+".log")
	}
	if done, err := complete(out); err != nil || !done {
		return errors.Join(err, fmt.Errorf("%s: the run was not measured to its end: see %s", name, out+".log"))
	}
	b.say("%s: exit code %d after %v", name, code, time.Since(begin).Round(time.Second))
	return nil
}

// execute runs a program to its end, with its output in a file, and returns its exit code. When ctx ends, the program is asked
// to end in order, and killed if it does not. An error means that it could not be started or was interrupted.
func execute(ctx context.Context, binary, logFile string, env map[string]string, args ...string) (code int, err error) {
	log, err := createLog(logFile)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	p, err := child.Start(child.Spec{Name: "tollgate " + args[0], Path: binary, Args: args, Env: child.Environ(env), Log: log})
	if err != nil {
		return 0, err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		_ = p.Signal(syscall.SIGINT)
		select {
		case <-p.Done():
		case <-time.After(endGrace):
			p.Stop(0)
		}
		return 0, context.Cause(ctx)
	}
	if exit := (*exec.ExitError)(nil); errors.As(p.Err(), &exit) {
		return exit.ExitCode(), nil
	}
	return 0, p.Err()
}
