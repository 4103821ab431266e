// Package perso is the k6 extension k6/x/perso: user journeys against a personalization stack, and the open-loop driver
// that measures the stack.
//
// Journeys come from a source (package journey): a seeded population, from which they are made up, or a file of recorded
// sessions, which are replayed. A script plays them in one of three ways. journey plays one, and k6's own executors set the
// pace. drive keeps up an offered rate by itself, with a punctual pacer. conduct does so slot by slot, as the orchestrator of
// `tollgate run` orders. With turns, conduct paces the iterations of a k6 script of the user's own, which makes its requests
// itself. Beside these, visit leaves the steps of a journey to the script, measure times anything, and inject breaks the stack of
// `tollgate up --faults`. One driver is under drive and conduct. index.d.ts describes the interface, examples/ shows it.
//
// With it come the output perso (package recording), which records the latencies of any k6 script, and `k6 x perso`, which says
// what there is.
package perso

import (
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/output"
	"go.k6.io/k6/v2/subcommand"

	"github.com/tollgate-dev/tollgate/xk6-perso/recording"
)

func init() {
	modules.Register("k6/x/perso", new(RootModule))
	output.RegisterExtension("perso", recording.New)
	subcommand.RegisterExtension("perso", command)
}
