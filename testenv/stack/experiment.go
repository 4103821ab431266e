package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/bits"
	"strconv"
	"sync/atomic"
)

// flag names the experiment that the variants belong to.
const flag = "ranking"

// experiment is a flag with two variants. Its rules come from the flag's provider, and may be others at any time.
type experiment struct{ current *atomic.Pointer[flagRules] }

// flagRules say how users are divided between the variants.
type flagRules struct {
	A       float64 `json:"a"`       // share of the users that get variant a, in [0, 1]; the others get b
	Version string  `json:"version"` // of the rules, as the provider counts them
}

// designed are the rules by which the experiment was planned: half of the users for each variant.
var designed = flagRules{A: 0.5, Version: "1"}

func newExperiment() experiment {
	e := experiment{&atomic.Pointer[flagRules]{}}
	e.current.Store(&designed)
	return e
}

// rules are those that are in force.
func (e experiment) rules() flagRules { return *e.current.Load() }

// variantOf gives a user always the same variant. An anonymous session counts as a user.
func (r flagRules) variantOf(user, session string) string {
	if user == "" {
		user = session
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(flag + "/" + user))
	sum := h.Sum32()
	mixed := bits.Reverse32(sum ^ sum>>16) // the low bits of FNV alone are too regular, and the high bits of similar names similar
	if float64(mixed) < r.A*(1<<32) {
		return variants[0]
	}
	return variants[1]
}

// assign is the lever assign-variants: what the flag's provider delivers when an operator changes the experiment.
func (s *decisionService) assign(params json.RawMessage) (func(), error) {
	var r flagRules
	if err := decode(params, &r); err != nil {
		return nil, err
	}
	if !(r.A >= 0 && r.A <= 1) || r.Version == "" {
		return nil, fmt.Errorf("%w: a must be from 0 to 1 and version must not be empty, got %g and %q", errParams, r.A, r.Version)
	}
	s.follow(r)
	return func() { s.follow(designed) }, nil
}

// follow has the experiment go by other rules.
func (s *decisionService) follow(r flagRules) {
	if *s.ranking.current.Swap(&r) != r {
		s.tel.log.InfoContext(context.Background(), "flag changed", "feature_flag.key", flag, "feature_flag.version", r.Version,
			"perso.variant.a", r.A)
	}
}

// countVariants is the question count-variants: how many of many users get each variant.
func (s *decisionService) countVariants(context.Context, json.RawMessage) (any, error) {
	const users = 10_000
	counts := map[string]int{variants[0]: 0, variants[1]: 0}
	rules := s.ranking.rules()
	for i := range users {
		counts[rules.variantOf("u"+strconv.Itoa(i), "")]++
	}
	return counts, nil
}
