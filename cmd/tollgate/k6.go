package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	k6 "go.k6.io/k6/v2/cmd"
)

const k6Module = "go.k6.io/k6/v2"

// isK6 says whether the command line is one for k6: `tollgate k6 …`, or a call of this binary by the name k6.
func isK6(args []string) bool {
	return filepath.Base(args[0]) == "k6" || len(args) > 1 && args[1] == "k6"
}

// runK6 is `tollgate k6`: k6 with its own flags, signals and exit codes. What k6 says about itself is reworded, since k6 takes
// the name of the binary for its own, and so shows `tollgate run` where it means `tollgate k6 run`.
func runK6(args []string, stdout, stderr io.Writer) int {
	if filepath.Base(args[0]) != "k6" {
		if args = args[2:]; len(args) > 0 && args[0] == "completion" {
			fmt.Fprintln(stderr, "tollgate: k6's completion scripts are for a program called k6: link k6 to this binary, and call `k6 completion`")
			return exitUsage
		}
		if aboutItself(args) {
			return rewordK6(args, stdout, stderr)
		}
		os.Args = append([]string{"k6"}, args...)
	}
	k6.Execute() // ends the process
	return 0
}

// aboutItself says whether k6 will only print its help, its version, or that it does not know a command.
func aboutItself(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return !slices.ContainsFunc(args, func(a string) bool { return !strings.HasPrefix(a, "-") }) || // no command
		slices.ContainsFunc(args, func(a string) bool { return a == "-h" || a == "--help" || a == "--version" }) ||
		!slices.Contains([]string{"archive", "cloud", "deps", "features", "inspect", "new", "run", "stats", "x"}, args[0]) && !strings.HasPrefix(args[0], "-") ||
		(args[0] == "cloud" || args[0] == "x") && len(args) == 1
}

// rewordK6 runs k6 as a process of its own and prints what it said in words that are true of this binary.
func rewordK6(args []string, stdout, stderr io.Writer) int {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintf(stderr, "tollgate: k6: %v\n", err)
		return exitCouldNotRun
	}
	var out, log bytes.Buffer
	cmd := exec.Command(self, args...)
	cmd.Args[0] = "k6" // isK6
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, &out, &log
	err = cmd.Run()
	name := filepath.Base(self)
	fmt.Fprint(stdout, reworded(out.String(), name, version()))
	fmt.Fprint(stderr, reworded(log.String(), name, version()))
	exit := &exec.ExitError{}
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		fmt.Fprintf(stderr, "tollgate: k6: %v\n", err)
		return exitCouldNotRun
	}
	return 0
}

var (
	k6Version       = regexp.MustCompile(`(?m)^tollgate k6 (v\S+ \(.*\))$`)
	k6Documentation = regexp.MustCompile(`(?m)^Documentation:\n(?:[ \t].*\n|\n)*`)                         // of commands that are not in the binary
	k6Completion    = regexp.MustCompile(`(?m)^  completion .*\n`)                                         // runK6 refuses it
	k6Quoted        = regexp.MustCompile("([\"'`])k6 (archive|cloud|deps|inspect|new|run|x)\\b")           // `Run "k6 x explore"`
	k6Extension     = regexp.MustCompile(`(?m)^(  github\.com/tollgate-dev/tollgate/\S+) (?:\(devel\))?,`) // whose version k6 does not know
)

// reworded is what k6 says about itself, for a binary of that name and a tollgate of that version.
func reworded(text, name, version string) string {
	// The name where it stands for the command: at the start of a line, or behind space or a quote.
	command := regexp.MustCompile("(?m)(^|[ \t\"'`])" + regexp.QuoteMeta(name) + `( |\\?"|$)`)
	text = command.ReplaceAllString(text, "${1}tollgate k6$2")
	text = k6Version.ReplaceAllString(text, "k6 $1, built into tollgate "+version)
	text = k6Extension.ReplaceAllString(text, "$1 "+version+",")
	text = k6Documentation.ReplaceAllString(text, "")
	text = k6Completion.ReplaceAllString(text, "")
	return k6Quoted.ReplaceAllString(text, "${1}tollgate k6 $2")
}

// k6Command exists for the help text only: main hands the arguments to k6 before cobra sees them.
func k6Command() *cobra.Command {
	c := &cobra.Command{
		Use:                "k6 [COMMAND]",
		Short:              "The whole k6 command line, with k6/x/perso built in",
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return usage(errors.New("k6 must be the first word: tollgate k6 run SCRIPT"))
		},
	}
	c.SetHelpFunc(func(c *cobra.Command, _ []string) { // tollgate help k6
		rewordK6([]string{"--help"}, c.OutOrStdout(), c.ErrOrStderr())
	})
	return c
}

// versionCommand prints which version is which.
func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "The versions of tollgate, and of the k6 in it",
		Args:  cobra.NoArgs,
		Run:   func(*cobra.Command, []string) { fmt.Fprint(a.stdout, versions()) },
	}
}

// versions says what is in this binary.
func versions() string {
	parts := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == k6Module {
				if parts = m.Version; m.Replace != nil {
					parts = m.Replace.Version
				}
			}
		}
	}
	return fmt.Sprintf("tollgate %s\n  %s, %s/%s\n  k6 %s, built in: tollgate k6\n  k6/x/perso, its extension: of tollgate %[1]s\n",
		version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, parts)
}
