// Command bench-verdict shows how often tollgate's verdicts are right: by simulation, by real runs of identical code and of
// known delays, by slots of several lengths, by counts of identical copies, and side by side with the usual way of comparing k6 summaries.
//
// Stdout is markdown, stderr is progress. Everything that was measured stays below one directory (--out), and the subcommand
// report prints the same tables from it again. An interrupted series continues where it ended.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once, and with it its children
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// bench is one invocation of the command line.
type bench struct {
	args           []string
	stdout, stderr io.Writer
}

// run carries out a command line and returns its exit code: 0, or 1 after an error.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	b := &bench{args, stdout, stderr}
	root := b.rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: what is complete stays, and the same command goes on from there", err)
		}
		fmt.Fprintf(stderr, "bench-verdict: %v\n", err)
		return 1
	}
	return 0
}

func (b *bench) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "bench-verdict",
		Short:         "Do tollgate's verdicts deserve to be believed?",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(b.simulateCommand(), b.identicalCommand(), b.slotsCommand(), b.copiesCommand(), b.usualCommand(), b.reportCommand())
	return root
}

// say writes a line of progress.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.stderr, format+"\n", args...) }
