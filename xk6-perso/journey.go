package perso

import (
	"errors"
	"time"

	"github.com/grafana/sobek"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// journey is perso.journey(options): one journey of the source, in real time, made step after step in this VU. Every call
// in a k6 process, in whichever VU, takes the source's next journey; a process with an execution segment, the next one of its
// share. Behind the end of a file that is played once there is none, and the result is null.
func (i *instance) journey(options sobek.Value) sobek.Value {
	begun := time.Now()
	o := defaultDriver()
	f := o.fields()
	delete(f, "workers") // one journey makes one request at a time
	target, arrival := "", true
	f["arrival"] = boolOption(&arrival)
	f["target"] = urlOption(&target)
	i.must(decode(i.vu.Runtime(), "journey", options, f))
	i.must(errors.Join(need("journey", "source", o.source == nil), need("journey", "target", target == ""), checkTrace("journey", o.trace)))
	state := i.vu.State()
	if state == nil {
		i.must(errors.New("perso: journey only works while a test runs: call it in the default function"))
	}
	emit := i.emitter()
	w := o.walk(emit, state.Transport, target, i.pool(state, target, o.token))
	share, err := shareOf(state.Options)
	i.must(err)
	n := share.Nth(int(i.root.played.Add(1) - 1))
	if o.source.Over(n) {
		return sobek.Null()
	}
	steps := o.source.Journey(n, o.thinkScale, func(name string) string { return i.root.session(n, name) })
	w.Play(i.vu.Context(), steps, i.start(state, begun, arrival))
	emit.flush(1)
	j := steps[0].Journey
	return i.value(map[string]any{
		"session": j.Session, "user": j.User.ID, "bought": j.Bought,
		"requests": w.Requests, "failed": w.Failed, "impressions": w.Impressions, "clicks": w.Clicks,
		"default": w.Default, "breaks": w.Breaks,
	})
}

// watcher makes samples of what a walk does. They carry no arm.
type watcher struct{ emit *emitter }

// Request implements journey.Watcher.
func (w watcher) Request(s *journey.Step, r journey.Reply) { w.emit.request("", s, r) }

// Outcome implements journey.Watcher.
func (w watcher) Outcome(at time.Time, s *journey.Step, o journey.Outcome) {
	w.emit.outcome(at, "", s, o)
}
