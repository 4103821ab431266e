package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tollgate-dev/tollgate/reports"
)

// app is one invocation of the command line.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	code           int  // of a command that ended without an error
	verbose        bool // reports of runs are printed in full
}

// usageError marks an error as wrong usage.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage marks an error as one that the command line caused; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// run carries out a command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	stderr = fit(stderr)
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) { // in one piece, to break its lines
		var text bytes.Buffer
		c.SetOut(&text)
		help(c, args)
		_, _ = fit(stdout).Write(text.Bytes()) // nobody is there to read it
	})
	err := root.ExecuteContext(ctx)
	if err == nil {
		return a.code
	}
	fmt.Fprintf(stderr, "tollgate: %s\n", reports.Printable(err.Error())) // it may quote what a file says
	if wrong := (usageError{}); errors.As(err, &wrong) {
		return exitUsage
	}
	return exitCouldNotRun
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "tollgate",
		Short: "What telemetry costs, and what it catches",
		Long: `tollgate replays user journeys against a personalization stack at several instrumentation levels, injects faults,
and reports the toll (what each level costs, with intervals) and the catch (which faults its alerts found).

Exit codes: 0 pass, 1 could not run, 3 inconclusive, 4 invalid, 5 fail, 64 wrong usage. Any other code is no verdict: 2 is that
of a crash, 128 and more that of a signal, such as 137 of SIGKILL.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
	}
	root.SetVersionTemplate(versions())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		a.runCommand(),
		a.reportCommand(),
		a.sweepCommand(),
		a.gateCommand(),
		a.compareCommand(),
		a.mergeCommand(),
		a.sinceCommand(),
		a.backtestCommand(),
		a.listCommand(),
		a.journeysCommand(),
		a.upCommand(),
		a.downCommand(),
		a.imagesCommand(),
		a.backendsCommand(),
		a.doctorCommand(),
		k6Command(),
		a.versionCommand(),
		a.serveCommand(),
	)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	wrapArgs(root)
	return root
}

// wrapArgs marks an error about a command's arguments as wrong usage.
func wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		return
	}
	c.Args = func(cmd *cobra.Command, args []string) error { return usage(check(cmd, args)) }
}

// version is the module's version, or the commit for a build from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			revision = s.Value[:12]
		}
	}
	switch {
	case info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	case revision != "":
		return "devel-" + revision
	default:
		return "devel"
	}
}
