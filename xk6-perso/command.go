package perso

import (
	_ "embed"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"go.k6.io/k6/v2/cmd/state"
)

// functions are those of the module, in the order in which a user meets them, each with what it does in a few words.
var functions = []struct{ name, does string }{
	{"population", "made-up users and items, from a seed"},
	{"sessions", "recorded sessions from a file"},
	{"journey", "one journey of a source, with its think times; k6's executors set the pace"},
	{"drive", "journeys at a rate, by a punctual pacer of its own"},
	{"visit", "one user, whose steps the script decides on"},
	{"measure", "times anything, promises too"},
	{"inject", "a fault in the stack of `tollgate up --faults`"},
	{"heal", "ends that fault"},
	{"turns", "iterations of your own script, for `tollgate run`"},
	{"conduct", "carries out the orders of `tollgate run`"},
}

//go:embed index.d.ts
var declared string

//go:embed smoke.js
var first string

// command is `k6 x perso`: what the extension has, its types for an editor, and a script to start from.
func command(gs *state.GlobalState) *cobra.Command {
	says := func(text func() string) func(*cobra.Command, []string) error {
		return func(*cobra.Command, []string) error {
			_, err := io.WriteString(gs.Stdout, text())
			return err
		}
	}
	c := &cobra.Command{
		Use:   "perso",
		Short: "User journeys against a personalization stack: what k6/x/perso has",
		Args:  cobra.NoArgs,
		RunE:  says(overview),
	}
	c.AddCommand(
		&cobra.Command{Use: "script", Short: "Print a script that runs without a server", Args: cobra.NoArgs, RunE: says(func() string { return first })},
		&cobra.Command{Use: "types", Short: "Print index.d.ts, the types for an editor", Args: cobra.NoArgs, RunE: says(func() string { return declared })},
	)
	return c
}

// overview is what `k6 x perso` prints.
func overview() string {
	var b strings.Builder
	fmt.Fprintf(&b, "k6/x/perso %s\n\nimport perso from 'k6/x/perso';\n\n", version())
	for _, f := range functions {
		fmt.Fprintf(&b, "  perso.%-12s %s\n", f.name, f.does)
	}
	b.WriteString(`
  --out perso=FILE   records the latencies and trends of any script as interval histograms

A first script, and the types for your editor:

  k6 x perso script > first.js && k6 run first.js
  k6 x perso types > perso.d.ts
`)
	return b.String()
}

// version is the extension's, as the build knows it; "devel" if it was built from a directory.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, m := range info.Deps {
		if !strings.HasSuffix(m.Path, "/xk6-perso") {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "devel"
}
