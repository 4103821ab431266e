// Package perso is the k6 extension k6/x/perso: user journeys against a personalization stack, and the open-loop driver
// that measures it.
//
// Journeys come from a source, which is either a seeded population (journeys are made up) or a file of recorded
// sessions (journeys are replayed). A script plays them in one of three ways: journey plays one and is paced by k6's own
// executors; drive keeps up an offered rate by itself, with a punctual pacer; conductor does the same slot by slot, as the
// orchestrator of `tollgate run` orders it. turns do the last for a k6 script of the user's own, which makes its requests by
// itself. index.d.ts describes the interface, examples/ shows it.
package perso

import "go.k6.io/k6/v2/js/modules"

func init() { modules.Register("k6/x/perso", new(RootModule)) }
