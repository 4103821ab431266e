package journey

import (
	"context"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/population"
)

// Watcher is told of requests and what they meant for their journeys, as it happens.
type Watcher interface {
	Request(s *Step, r Reply)
	Outcome(at time.Time, s *Step, o Outcome)
}

// Walk plays one journey and counts.
type Walk struct {
	People *population.Population
	Client *Client
	Watch  Watcher

	Requests, Failed, Impressions, Clicks int
	Default                               int // slates of default content
	Breaks                                int // answers under another identity than the journey's
}

// Play makes the steps in their order, each at its time after start, or when the answer before it is in. It ends early with
// ctx.
func (w *Walk) Play(ctx context.Context, steps []*Step, start time.Time) {
	free := start // the answer before is in
	for _, s := range steps {
		scheduled := start.Add(s.at)
		if free.After(scheduled) {
			scheduled = free
		}
		if !sleepUntil(ctx, scheduled) {
			return
		}
		if answer, made := w.step(ctx, s, scheduled); made {
			free = answer.End
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// step makes one step, and waits for its answer. It is false if the user did not want to make it, or ctx ended meanwhile.
func (w *Walk) step(ctx context.Context, s *Step, scheduled time.Time) (answer Reply, made bool) {
	var r *Reply
	at := scheduled
	cl, send, o := s.Prepare(w.People, population.Drift{}, scheduled)
	w.Watch.Outcome(scheduled, s, o)
	if send {
		answer = w.Client.Post(ctx, cl, scheduled)
		if ctx.Err() != nil {
			return answer, false
		}
		r, at = &answer, answer.End
		w.count(s, answer)
		w.Watch.Request(s, answer)
	}
	_, o = s.Resolve(w.People, r)
	w.Watch.Outcome(at, s, o)
	if o.Shown && o.Reason != "" {
		w.Default++
	}
	if o.Broken {
		w.Breaks++
	}
	return answer, send
}

func (w *Walk) count(s *Step, r Reply) {
	w.Requests++
	if r.Err != nil {
		w.Failed++
	}
	switch s.Kind {
	case Impression:
		w.Impressions++
	case Click:
		w.Clicks++
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
