package main

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// exitCodeCommand is the script command `exitcode CODE[,CODE…] PROGRAM [ARG…]`: the program must end with one of the
// codes. Its output goes to the files out.txt and err.txt in the script's directory.
func exitCodeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE[,CODE…] PROGRAM [ARG…]")
	}
	stdout, err := os.Create(ts.MkAbs("out.txt"))
	ts.Check(err)
	defer stdout.Close()
	stderr, err := os.Create(ts.MkAbs("err.txt"))
	ts.Check(err)
	defer stderr.Close()
	program, err := lookPath(ts.Getenv("PATH"), args[1])
	ts.Check(err)
	cmd := exec.Command(program, args[2:]...)
	cmd.Args[0] = args[1]
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), stdout, stderr
	cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"), "HOME="+ts.Getenv("HOME"), "TMPDIR="+ts.Getenv("TMPDIR"))
	for _, name := range []string{"K6_ITERATIONS", "K6_VUS", "OTEL_SDK_DISABLED", "DOCKER_HOST", "TOLLGATE_VUS"} { // what a script may set to disturb a run
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	code := 0
	if err := cmd.Run(); err != nil {
		exit := &exec.ExitError{}
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", program, err)
		}
		code = exit.ExitCode()
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(code)) {
		text, _ := os.ReadFile(ts.MkAbs("err.txt"))
		ts.Fatalf("%v: exit code %d, want %s; stderr:\n%s", args[1:], code, args[0], text)
	}
}

func lookPath(path, name string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, name); exec.Command(file).Err == nil {
			if _, err := os.Stat(file); err == nil {
				return file, nil
			}
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// goneCommand is the script command `gone RUN`: within ten seconds no process is left whose environment or arguments
// name the run directory's absolute path.
func goneCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gone RUN")
	}
	want := ts.MkAbs(args[0])
	deadline := time.Now().Add(10 * time.Second)
	for {
		left := naming(want)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("processes that name %s are left: %v", want, left)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// naming lists the processes that have path in their arguments or environment, zombies apart.
func naming(path string) []string {
	var out []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if filepath.Base(dir) == strconv.Itoa(os.Getpid()) {
			continue
		}
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		env, _ := os.ReadFile(filepath.Join(dir, "environ"))
		if strings.Contains(string(args), path) || strings.Contains(string(env), path) {
			out = append(out, filepath.Base(dir)+" "+strings.ReplaceAll(string(args), "\x00", " "))
		}
	}
	return out
}

// metricsCommand is the script command `metrics SERIES…`: the names of the metrics in these directories are all in the list of
// what the stack can have, those apart that rules have recorded and those that Prometheus makes of alerts.
func metricsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: metrics SERIES…")
	}
	known, _ := role.Metrics("process")
	seen := 0
	for _, dir := range args {
		db, err := tsdb.OpenDBReadOnly(ts.MkAbs(dir), "", nil)
		ts.Check(err)
		querier, err := db.Querier(math.MinInt64, math.MaxInt64)
		ts.Check(err)
		names, _, err := querier.LabelValues(context.Background(), model.MetricNameLabel, nil)
		ts.Check(err)
		for _, name := range names {
			if !slices.Contains(known, name) && !strings.HasPrefix(name, "ALERTS") && !strings.Contains(name, ":") {
				ts.Fatalf("%s has %s, which role.Metrics does not list", dir, name)
			}
		}
		seen = max(seen, len(names))
		ts.Check(errors.Join(querier.Close(), db.Close()))
	}
	if seen < 50 {
		ts.Fatalf("only %d metrics: the level that has the most is missing", seen)
	}
}
