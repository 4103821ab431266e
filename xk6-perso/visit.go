package perso

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/grafana/sobek"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// Visit is a journey whose steps a script decides on. Every step is made at once, and its samples are those of journey().
type Visit struct {
	Session string
	User    string // who the visitor is, whether or not the stack knows
	Channel string // where the next step is made

	i     *instance
	visit *journey.Visit
	emit  *emitter
}

// newVisit is perso.visit(options).
func (i *instance) newVisit(options sobek.Value) sobek.Value {
	begun := time.Now()
	o := defaultDriver()
	f := o.fields()
	delete(f, "workers")    // one step at a time
	delete(f, "thinkScale") // the script sleeps as it likes
	target, arrival := "", true
	f["arrival"] = boolOption(&arrival)
	f["target"] = urlOption(&target)
	i.must(decode(i.vu.Runtime(), "visit", options, f))
	i.must(errors.Join(need("visit", "source", o.source == nil), need("visit", "target", target == ""), checkTrace("visit", o.trace)))
	state := i.vu.State()
	if state == nil {
		i.must(errors.New("perso: visit only works while a test runs: call it in the default function"))
	}
	emit := i.emitter()
	w := o.walk(emit, state.Transport, target, i.pool(state, target, o.token))
	n := int(i.root.played.Add(1) - 1)
	v := o.source.NewVisit(n, i.root.session(n, "visit"), w)
	v.Late = begun.Sub(i.start(state, begun, arrival))
	return i.value(&Visit{Session: v.Session(), User: v.User(), Channel: v.Channel, i: i, visit: v, emit: emit})
}

// walk makes requests to a target, one after the other.
func (o *driverOptions) walk(emit *emitter, transport http.RoundTripper, target string, p *pool) *journey.Walk {
	beBrisk()
	c := o.client(transportOf(transport), target, p)
	return &journey.Walk{People: o.source.People(), Client: c, Watch: watcher{emit}}
}

// Recommend asks for a slate.
func (v *Visit) Recommend(options sobek.Value) (sobek.Value, error) {
	slots, placement := 5, "home"
	err := decode(v.i.vu.Runtime(), "recommend", options, fields{
		"slots": intOption(&slots, 1, journey.MaxSlots), "placement": textOption(&placement),
	})
	if err != nil {
		return nil, err
	}
	return v.took("recommend", func(ctx context.Context) (journey.Taken, error) { return v.visit.Recommend(ctx, slots, placement), nil })
}

// Impression says that the last slate was shown.
func (v *Visit) Impression() (sobek.Value, error) { return v.took("impression", v.visit.Impression) }

// Click clicks on an item; without one, the user chooses from the last slate, or leaves it.
func (v *Visit) Click(item sobek.Value) (sobek.Value, error) {
	return v.named("click", "item", item, v.visit.Click)
}

// Purchase buys an item; without one, the one that was clicked last.
func (v *Visit) Purchase(item sobek.Value) (sobek.Value, error) {
	return v.named("purchase", "item", item, v.visit.Purchase)
}

// Identify logs the visitor in; with the id of a user the visitor is that user.
func (v *Visit) Identify(user sobek.Value) (sobek.Value, error) {
	taken, err := v.named("identify", "user", user, v.visit.Identify)
	v.User = v.visit.User()
	return taken, err
}

// SwitchChannel goes on in another channel.
func (v *Visit) SwitchChannel(channel sobek.Value) error {
	name, err := text("switchChannel", "channel", channel)
	if err == nil {
		err = v.visit.Switch(name)
	}
	if err != nil {
		return fmt.Errorf("perso: switchChannel: %w", err)
	}
	v.Channel = v.visit.Channel
	return nil
}

// named takes a step with the name of something.
func (v *Visit) named(call, what string, value sobek.Value, take func(context.Context, string) (journey.Taken, error)) (sobek.Value, error) {
	name, err := text(call, what, value)
	if err != nil {
		return nil, err
	}
	return v.took(call, func(ctx context.Context) (journey.Taken, error) { return take(ctx, name) })
}

// took takes a step and returns what became of it; index.d.ts describes it.
func (v *Visit) took(call string, take func(context.Context) (journey.Taken, error)) (sobek.Value, error) {
	ctx := v.i.vu.Context()
	t, err := take(ctx)
	if err != nil {
		return nil, fmt.Errorf("perso: %s: %w", call, err)
	}
	v.emit.flush(1)
	out := map[string]any{
		"made": t.Made, "ok": t.Made && t.Reply.Err == nil, "status": t.Reply.Status, "error": "", "item": t.Item, "traceId": t.Reply.TraceID,
		"ms": float64(t.Reply.End.Sub(t.Reply.Scheduled)) / float64(time.Millisecond),
	}
	if t.Reply.Err != nil {
		out["error"] = t.Reply.Err.Error()
	}
	if call == "recommend" {
		items := t.Slate.Items
		if items == nil {
			items = []string{}
		}
		for name, value := range map[string]any{
			"requestId": t.Slate.RequestID, "user": t.Slate.User, "items": items, "variant": t.Slate.Variant, "reason": t.Slate.Reason,
			"broken": t.Slate.Broken,
		} {
			out[name] = value
		}
	}
	return v.i.value(out), nil
}
