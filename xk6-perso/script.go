package perso

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/lib/types"
	"go.k6.io/k6/v2/metrics"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Turns is the turns of a script as one VU has them.
type Turns struct {
	i    *instance
	all  *turns
	seat *seat
	tee  *tee // of the turn before; nil: none
}

// seat is where a VU waits for its turn.
type seat struct {
	next chan *turn // holds one
	came bool
}

// Turn is what a script gets of its turn.
type Turn struct {
	Job    string // jobRun, jobSetUp or jobTearDown
	Launch int
	Arm    string
	URL    string // base URL of the arm
	Data   string // what setup returned, as JSON; "": nothing

	turn *turn
}

// turns is perso.turns(options).
func (i *instance) turns(options sobek.Value) sobek.Value {
	if i.vu.State() != nil {
		i.must(errInitOnly("turns"))
	}
	o := turnsOptions{seed: 1, vus: slot.DefaultVUs, setUpWithin: time.Minute, tearDownWithin: time.Minute}
	i.must(decode(i.vu.Runtime(), "turns", options, fields{
		"seed":            intOption[int64](&o.seed, -1<<53, 1<<53),
		"vus":             intOption(&o.vus, 1, slot.MaxVUs),
		"setup":           boolOption(&o.setUp),
		"teardown":        boolOption(&o.tearDown),
		"setupTimeout":    timeoutOption(&o.setUpWithin),
		"teardownTimeout": timeoutOption(&o.tearDownWithin),
	}))
	if base, _ := i.lookup(slot.EnvBaseURL); base != slot.NoBaseURL {
		i.must(fmt.Errorf("perso: turns: %s must be %s when k6 starts, got %q: `tollgate run` sets it; the turn says where its arm is",
			slot.EnvBaseURL, slot.NoBaseURL, base))
	}
	return i.value(&Turns{i: i, all: i.root.sharedTurns(o), seat: &seat{next: make(chan *turn, 1)}})
}

// sharedTurns returns the turns of this k6 process: all VUs share them.
func (r *RootModule) sharedTurns(o turnsOptions) *turns {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.turns == nil {
		r.turns = newTurns(o)
	}
	return r.turns
}

// turnsOption reads what turns returned.
func turnsOption(dst **turns) func(sobek.Value) error {
	return func(v sobek.Value) error {
		t, ok := v.Export().(*Turns)
		if !ok {
			return fmt.Errorf("must be what turns() returned, got %s", v)
		}
		*dst = t.all
		return nil
	}
}

// boolOption reads true or false.
func boolOption(dst *bool) func(sobek.Value) error {
	return func(v sobek.Value) error {
		b, ok := v.Export().(bool)
		if !ok {
			return fmt.Errorf("must be true or false, got %s", v)
		}
		*dst = b
		return nil
	}
}

// timeoutOption reads a time limit as k6's options have it: a duration such as "1m30s" or "1d", or milliseconds.
func timeoutOption(dst *time.Duration) func(sobek.Value) error {
	return func(v sobek.Value) error {
		d, err := types.GetDurationValue(v.Export())
		if err != nil || d <= 0 {
			return fmt.Errorf(`must be a duration such as "60s", or milliseconds, above 0, got %s`, v)
		}
		*dst = d
		return nil
	}
}

// Take waits for this VU's next turn: from then on the iteration that called it is the turn, with all that it starts. It
// returns null when k6 stops.
func (t *Turns) Take() (sobek.Value, error) {
	state, ctx := t.i.vu.State(), t.i.vu.Context()
	if state == nil {
		return nil, errors.New("perso: turns: take only works while a test runs: call it first thing in the default function")
	}
	if t.tee != nil {
		t.tee.close(state)
		t.tee = nil
	}
	on := t.all.take(ctx, t.seat)
	if on == nil {
		return sobek.Null(), nil
	}
	state.Tags.Modify(func(tags *metrics.TagsAndMeta) { tags.SetTag("arm", on.arm.Arm) })
	value := t.i.value(&Turn{Job: on.job, Launch: on.arm.launch, Arm: on.arm.Arm, URL: on.arm.URL, Data: on.arm.data, turn: on})
	t.tee = openTee(state, on)
	on.begin(time.Now())
	return value, nil
}

// take waits for a turn; nil when ctx ends before.
func (t *turns) take(ctx context.Context, s *seat) *turn {
	t.mu.Lock()
	if !s.came {
		s.came = true
		t.came++
		if t.came == t.vus {
			close(t.all)
		}
	}
	t.idle = append(t.idle, s)
	t.mu.Unlock()
	select {
	case on := <-s.next:
		return on
	case <-ctx.Done():
	}
	t.mu.Lock()
	t.idle = slices.DeleteFunc(t.idle, func(o *seat) bool { return o == s })
	t.mu.Unlock()
	select {
	case on := <-s.next: // handed out at the last moment
		on.end()
	default:
	}
	return nil
}

// Fail says that the turn ended with an exception.
func (t *Turn) Fail(reason string) {
	t.turn.all.mu.Lock()
	defer t.turn.all.mu.Unlock()
	t.turn.threw = cmp.Or(reason, "an exception without a text")
}

// Return is what a setup returned, as JSON; undefined or null for nothing.
func (t *Turn) Return(data sobek.Value) {
	if sobek.IsUndefined(data) || sobek.IsNull(data) {
		return
	}
	t.turn.all.mu.Lock()
	defer t.turn.all.mu.Unlock()
	t.turn.result = data.String()
}
