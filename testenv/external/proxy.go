package external

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/guard"
)

// proxy is a proxy of a Toxiproxy, controlled by Toxiproxy's API.
type proxy struct {
	url    string // of the proxy in the API
	client *api.Client
}

// proxy returns the proxy of a service.
func (e *Environment) proxy(service string) proxy {
	p := e.Proxies[service]
	return proxy{strings.TrimSuffix(p.URL, "/") + "/proxies/" + url.PathEscape(p.Name), e.client()}
}

// hold makes the proxy of a service do something. This affects all arms, since they share the proxy.
func (a *arm) hold(t toxic, service string, params any, d time.Duration) error {
	text, err := json.Marshal(params)
	if err == nil {
		_, err = t.body(text)
	}
	if err != nil {
		return fmt.Errorf("testenv: arm %s: %s: %w", a.spec.Name, t.lever, err)
	}
	return a.proxies.Hold(guard.Act{Verb: t.lever, Target: a.proxy(service).url, Params: text}, d)
}

// free ends what the proxy of a service does.
func (a *arm) free(t toxic, service string) error {
	return a.proxies.Release(t.lever, a.proxy(service).url)
}

// ProxyGuard is the guard of the proxies from inside: it ends what is held when in ends.
func ProxyGuard(in io.Reader, out io.Writer) error {
	client := api.New("")
	defer client.Close()
	return guard.Serve(in, out, func(verb string) (guard.Verb, error) {
		for _, t := range toxics() {
			if t.lever == verb {
				return guard.Verb{
					Apply:  func(ctx context.Context, a guard.Act) error { return proxy{a.Target, client}.put(ctx, t, a.Params) },
					Revert: func(ctx context.Context, a guard.Act) error { return proxy{a.Target, client}.remove(ctx, t.name()) },
				}, nil
			}
		}
		return guard.Verb{}, fmt.Errorf("testenv: a proxy has no %q", verb)
	})
}

// put puts a toxic into the proxy. Params are those of its lever.
func (p proxy) put(ctx context.Context, t toxic, params json.RawMessage) error {
	body, err := t.body(params)
	if err != nil {
		return err
	}
	if err := p.remove(ctx, t.name()); err != nil { // one that a killed run has left
		return err
	}
	return p.ask(ctx, http.MethodPost, "/toxics", body, nil)
}

// remove removes a toxic; it is no error if there is none.
func (p proxy) remove(ctx context.Context, name string) error {
	err := p.ask(ctx, http.MethodDelete, "/toxics/"+url.PathEscape(name), nil, nil)
	var status *api.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return nil
	}
	return err
}

// inForce is a toxic that a proxy has.
type inForce struct {
	Name       string             `json:"name"`
	Toxicity   float64            `json:"toxicity"`
	Attributes map[string]float64 `json:"attributes"`
}

// ours returns the toxics of ours that the proxy has.
func (p proxy) ours(ctx context.Context) ([]inForce, error) {
	var at struct {
		Toxics []inForce `json:"toxics"`
	}
	if err := p.ask(ctx, http.MethodGet, "", nil, &at); err != nil {
		return nil, err
	}
	var ours []inForce
	for _, found := range at.Toxics {
		if strings.HasPrefix(found.Name, toxicPrefix) {
			ours = append(ours, found)
		}
	}
	return ours, nil
}

// held returns the toxic of that kind that is in force now; nil: there is none.
func (p proxy) held(ctx context.Context, t toxic) (*inForce, error) {
	ours, err := p.ours(ctx)
	for _, found := range ours {
		if found.Name == t.name() {
			return &found, err
		}
	}
	return nil, err
}

// ask makes one request to Toxiproxy's API about the proxy, and decodes the answer into out unless out is nil. Errors name the URL.
func (p proxy) ask(ctx context.Context, method, path string, body, out any) error {
	return p.client.Do(ctx, method, p.url+path, body, out)
}
