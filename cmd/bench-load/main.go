// Command bench-load shows what load generators cost and what they tell, side by side: this repository's k6/x/perso, stock k6
// and vegeta, each in a process of its own, on one trivial target.
//
// Stdout is markdown, stderr is progress.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	k6 "go.k6.io/k6/v2/cmd"

	_ "github.com/tollgate-dev/tollgate/xk6-perso" // k6/x/perso
)

// Exit codes, as tollgate has them.
const (
	exitDone        = 0
	exitCouldNotRun = 1
	exitUsage       = 64
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == roleK6 {
		asK6()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once, and with it its children
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Roles that this program has in processes of its own, by its first argument.
const (
	roleK6    = "k6"    // the k6 that xk6 would build with the extension
	roleServe = "serve" // the target
)

// asK6 makes this process the k6 with the extension. It does not return if k6 runs.
func asK6() {
	os.Args = append([]string{"k6"}, os.Args[2:]...)
	k6.Execute()
}

// bench is one invocation of the command line.
type bench struct {
	args           []string
	stdout, stderr io.Writer
}

// run carries out a command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	b := &bench{args, stdout, stderr}
	root := b.rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "bench-load: %v\n", err)
	if misuse := (usageError{}); errors.As(err, &misuse) {
		return exitUsage
	}
	return exitCouldNotRun
}

// usageError is a command line that is wrong.
type usageError struct{ error }

// usage says that the command line is wrong.
func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func (b *bench) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "bench-load",
		Short:         "What load generators cost, and what they tell",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noWords,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(b.compareCommand(), b.stallCommand(), b.memoryCommand(), b.crowdCommand(), b.serveCommand())
	return root
}

// noWords refuses words that are no flags.
func noWords(c *cobra.Command, words []string) error {
	if len(words) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	if len(names) == 0 {
		return usage("%s takes no words, got %q", c.CommandPath(), words)
	}
	return usage("unknown command %q; legal: %s", words[0], strings.Join(names, ", "))
}

// say writes a line of progress.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.stderr, format+"\n", args...) }
