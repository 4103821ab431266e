package external

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// toxic is what a proxy of the user's can do for a lever. It has the parameters of the same lever of a link.
type toxic struct {
	lever string
	kind  string // what Toxiproxy calls it
	// now is the answer of the lever to the question what it does; of is nil if it does nothing.
	now func(of *inForce) map[string]float64
	// read returns Toxiproxy's attributes, and the share of the connections, from the parameters of the lever.
	read func(params json.RawMessage) (attributes map[string]int64, share float64, err error)
}

// toxicPrefix is what the names of our toxics begin with.
const toxicPrefix = "tollgate-"

func (t toxic) name() string { return toxicPrefix + t.lever }

// toxicCut is the toxic that makes a service stand still, seen from behind its proxy.
func toxicCut() toxic { return toxic{lever: lever.Cut, kind: "timeout", now: shareOf, read: readShare} }

// toxics are all of them.
func toxics() []toxic {
	return []toxic{
		{lever: lever.Latency, kind: "latency", now: latencyOf, read: readLatency},
		{lever: lever.Reset, kind: "reset_peer", now: shareOf, read: readShare},
		toxicCut(),
	}
}

// isToxic reports whether a lever is one of a proxy.
func isToxic(name string) bool {
	for _, t := range toxics() {
		if t.lever == name {
			return true
		}
	}
	return false
}

// handle is the handle of the toxic's lever.
func (t toxic) handle() lever.Handle[*arm] {
	return lever.Handle[*arm]{
		Pull: func(_ context.Context, a *arm, service string, params any, d time.Duration) error {
			return a.hold(t, service, params, d)
		},
		Release: func(_ context.Context, a *arm, service string) error { return a.free(t, service) },
		Ask: func(ctx context.Context, a *arm, service string, _, out any) error {
			at, err := a.proxy(service).held(ctx, t)
			if err != nil {
				return fmt.Errorf("testenv: arm %s: %w", a.spec.Name, err)
			}
			return answer(t.now(at), nil, out)
		},
	}
}

// body is the request to Toxiproxy that makes the toxic. The answers of the service are what it acts on.
func (t toxic) body(params json.RawMessage) (map[string]any, error) {
	attributes, share, err := t.read(params)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.lever, err)
	}
	return map[string]any{"name": t.name(), "type": t.kind, "stream": "downstream", "toxicity": share, "attributes": attributes}, nil
}

// mostLatency is the longest delay, in ms, as of a link.
const mostLatency = 60_000

func readLatency(params json.RawMessage) (map[string]int64, float64, error) {
	var p struct {
		Latency float64 `json:"latency"`
		Jitter  float64 `json:"jitter"`
	}
	if err := strict(params, &p); err != nil {
		return nil, 0, err
	}
	if p.Latency < 1 || p.Latency > mostLatency || p.Jitter < 0 || p.Jitter > p.Latency {
		return nil, 0, fmt.Errorf("latency must be from 1 to %d ms and jitter from 0 to latency, got %+v", mostLatency, p)
	}
	return map[string]int64{"latency": int64(p.Latency), "jitter": int64(p.Jitter)}, 1, nil
}

func readShare(params json.RawMessage) (map[string]int64, float64, error) {
	p := struct {
		Share float64 `json:"share"`
	}{Share: 1}
	if err := strict(params, &p); err != nil {
		return nil, 0, err
	}
	if !(p.Share > 0 && p.Share <= 1) {
		return nil, 0, fmt.Errorf("share must be in (0, 1], got %g", p.Share)
	}
	return map[string]int64{"timeout": 0}, p.Share, nil
}

// latencyOf is how long answers are held up, in ms.
func latencyOf(of *inForce) map[string]float64 {
	if of == nil {
		return map[string]float64{"latency_ms": 0}
	}
	return map[string]float64{"latency_ms": of.Attributes["latency"]}
}

// shareOf is the share of the connections that have the toxic.
func shareOf(of *inForce) map[string]float64 {
	if of == nil {
		return map[string]float64{"share": 0}
	}
	return map[string]float64{"share": of.Toxicity}
}

// strict decodes the parameters of a lever, refusing unknown ones.
func strict(params json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(params))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
