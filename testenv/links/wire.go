package links

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/tollgate-dev/tollgate/testenv/lever"
)

// longest is the longest delay of a lever, in ms.
const longest = 60_000

// wire is the network of a link: a proxy of Toxiproxy, without Toxiproxy's server, metrics and log.
type wire struct {
	proxy *toxiproxy.Proxy

	mu     sync.Mutex
	toxics map[string]string // in force, as JSON, by type
	delay  latency           // of the toxic in force
	broken atomic.Bool       // any toxic is in force
}

// latency are the parameters of the lever of that name, in ms.
type latency struct {
	Latency float64 `json:"latency"`
	Jitter  float64 `json:"jitter"`
}

func openWire(name, listen, target string) (*wire, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	w := &wire{proxy: toxiproxy.NewProxy(server, name, listen, target), toxics: map[string]string{}}
	return w, w.proxy.Start()
}

func (w *wire) addr() string { return w.proxy.Listen }

func (w *wire) close() { w.proxy.Stop() }

func (w *wire) levers() []Lever {
	return []Lever{
		{Name: lever.Latency, Force: w.slow, Ask: w.slowed},
		{Name: lever.Reset, Force: w.toxic("reset_peer")},
		{Name: lever.Cut, Force: w.toxic("timeout")},
	}
}

// slow makes what the service answers late.
func (w *wire) slow(params json.RawMessage) (func(), error) {
	var p latency
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	if p.Latency < 1 || p.Latency > longest || p.Jitter < 0 || p.Jitter > p.Latency {
		return nil, fmt.Errorf("latency must be from 1 to %d ms and jitter from 0 to latency, got %+v", longest, p)
	}
	return w.force("latency", 1, map[string]int64{"latency": int64(p.Latency), "jitter": int64(p.Jitter)}, func() { w.delay = p })
}

// slowed answers how late the service's answers are, in ms.
func (w *wire) slowed(context.Context) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.toxics["latency"] == "" {
		return map[string]float64{"latency_ms": 0}, nil
	}
	return map[string]float64{"latency_ms": w.delay.Latency}, nil
}

// toxic returns the Force of a toxic on a share of the connections: all of them, unless the parameters say how many.
func (w *wire) toxic(kind string) func(json.RawMessage) (func(), error) {
	return func(params json.RawMessage) (func(), error) {
		p := struct {
			Share float64 `json:"share"`
		}{Share: 1}
		if err := decode(params, &p); err != nil {
			return nil, err
		}
		if !(p.Share > 0 && p.Share <= 1) {
			return nil, fmt.Errorf("share must be in (0, 1], got %g", p.Share)
		}
		return w.force(kind, p.Share, map[string]int64{"timeout": 0}, func() {})
	}
}

// force puts a toxic into force. One that is in force with the same attributes stays as it is: connections do not notice that a
// lease is renewed.
func (w *wire) force(kind string, share float64, attributes map[string]int64, done func()) (func(), error) {
	text, err := json.Marshal(map[string]any{"name": kind, "type": kind, "stream": "downstream", "toxicity": share, "attributes": attributes})
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	heal := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.remove(kind)
	}
	if w.toxics[kind] == string(text) {
		return heal, nil
	}
	w.remove(kind)
	if _, err := w.proxy.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
		return nil, err
	}
	w.toxics[kind] = string(text)
	w.broken.Store(true)
	done()
	return heal, nil
}

// remove removes a toxic; it is no error if there is none. The caller has the lock.
func (w *wire) remove(kind string) {
	if w.toxics[kind] == "" {
		return
	}
	_ = w.proxy.Toxics.RemoveToxic(context.Background(), kind) // fails only for one that is not there
	delete(w.toxics, kind)
	w.broken.Store(len(w.toxics) > 0)
}
