package perso

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/grafana/sobek"

	"github.com/tollgate-dev/tollgate/internal/population"
)

// journey is perso.journey(options): one journey of the source, in real time, made step after step in this VU. Every call
// in a k6 process, in whichever VU, takes the source's next journey.
func (i *instance) journey(options sobek.Value) sobek.Value {
	o := defaultDriver()
	f := o.fields()
	delete(f, "workers") // one journey makes one request at a time
	target := ""
	f["target"] = urlOption(&target)
	i.must(decode(i.vu.Runtime(), "journey", options, f))
	i.must(errors.Join(need("journey", "source", o.source == nil), need("journey", "target", target == "")))
	state := i.vu.State()
	if state == nil {
		i.must(errors.New("perso: journey only works while a test runs: call it in the default function"))
	}
	w := walk{
		pop:    o.source.people(),
		client: newClient(transportOf(state.Transport), strings.TrimSuffix(target, "/"), o.token, o.timeout),
		emit:   newEmitter(i.vu.Context(), i.metrics, state),
	}
	n := int(i.root.played.Add(1) - 1)
	rng := rand.New(rand.NewPCG(uint64(o.source.seed), uint64(n)))
	p := o.source.plan(n, rng, population.Drift{}, o.thinkScale)
	w.play(i.vu.Context(), p.begin(0, i.root.session(n, p.name)), time.Now())
	w.emit.flush(1)
	return i.value(map[string]any{
		"session": p.journey.session, "user": p.journey.user.ID, "bought": p.journey.bought,
		"requests": w.requests, "failed": w.failed, "impressions": w.impressions, "clicks": w.clicks,
		"default": w.fallbacks, "breaks": w.breaks,
	})
}

// transportOf is the VU's transport, which honours the script's network options.
func transportOf(rt http.RoundTripper) http.RoundTripper {
	if rt == nil {
		return http.DefaultTransport
	}
	return rt
}

// walk plays one journey and counts.
type walk struct {
	pop    *population.Population
	client *client
	emit   *emitter

	requests, failed, impressions, clicks, fallbacks, breaks int
}

// play makes the steps in their order, each at its time, or when the answer before it is in. It ends early with ctx.
func (w *walk) play(ctx context.Context, steps []*step, start time.Time) {
	free := start // the answer before is in
	for _, s := range steps {
		scheduled := start.Add(s.at)
		if free.After(scheduled) {
			scheduled = free
		}
		if !sleepUntil(ctx, scheduled) {
			return
		}
		var r *reply
		cl, send, o := s.prepare(w.pop, population.Drift{}, scheduled)
		w.emit.outcome(scheduled, "", s, o)
		if send {
			answer := w.client.post(ctx, cl, scheduled)
			if ctx.Err() != nil {
				return
			}
			r, free = &answer, answer.end
			w.count(s, answer)
			w.emit.request("", s, answer)
		}
		_, o = s.resolve(w.pop, r)
		w.emit.outcome(free, "", s, o)
		if o.shown && o.reason != "" {
			w.fallbacks++
		}
		if o.broken {
			w.breaks++
		}
	}
}

func (w *walk) count(s *step, r reply) {
	w.requests++
	if r.err != nil {
		w.failed++
	}
	switch s.kind {
	case Impression:
		w.impressions++
	case Click:
		w.clicks++
	}
}

// sleepUntil is false if ctx ends first.
func sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
