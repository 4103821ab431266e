package external

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tollgate-dev/tollgate/internal/api"
	"github.com/tollgate-dev/tollgate/internal/guard"
	"github.com/tollgate-dev/tollgate/testenv/lever"
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

// ProxyGuard is the guard of the proxies from inside: it ends the delays that are held when in ends.
func ProxyGuard(in io.Reader, out io.Writer) error {
	client := api.New("")
	defer client.Close()
	return guard.Serve(in, out, func(verb string) (guard.Verb, error) {
		if verb != lever.Latency {
			return guard.Verb{}, fmt.Errorf("testenv: a proxy has no %q", verb)
		}
		return guard.Verb{
			Apply:  func(ctx context.Context, a guard.Act) error { return proxy{a.Target, client}.slow(ctx, a.Params) },
			Revert: func(ctx context.Context, a guard.Act) error { return proxy{a.Target, client}.heal(ctx) },
		}, nil
	})
}

// toxic is the name of our toxic in a proxy.
const toxic = "tollgate-latency"

// slow makes the proxy delay what comes from the service. Params are Toxiproxy's attributes of a latency, in ms:
// {"latency":500,"jitter":100}.
func (p proxy) slow(ctx context.Context, params any) error {
	if err := p.heal(ctx); err != nil { // removes a toxic that a killed run has left
		return err
	}
	return p.ask(ctx, http.MethodPost, "/toxics", map[string]any{
		"name": toxic, "type": "latency", "stream": "downstream", "toxicity": 1.0, "attributes": params,
	}, nil)
}

// heal removes our toxic; it is no error if there is none.
func (p proxy) heal(ctx context.Context) error {
	err := p.ask(ctx, http.MethodDelete, "/toxics/"+toxic, nil, nil)
	var status *api.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return nil
	}
	return err
}

// held returns by how many ms our toxic delays answers now; 0: there is none.
func (p proxy) held(ctx context.Context) (float64, error) {
	var at struct {
		Toxics []struct {
			Name       string `json:"name"`
			Attributes struct {
				Latency float64 `json:"latency"`
			} `json:"attributes"`
		} `json:"toxics"`
	}
	if err := p.ask(ctx, http.MethodGet, "", nil, &at); err != nil {
		return 0, err
	}
	for _, t := range at.Toxics {
		if t.Name == toxic {
			return t.Attributes.Latency, nil
		}
	}
	return 0, nil
}

// ask makes one request to Toxiproxy's API about the proxy, and decodes the answer into out unless out is nil. Errors name the URL.
func (p proxy) ask(ctx context.Context, method, path string, body, out any) error {
	return p.client.Do(ctx, method, p.url+path, body, out)
}
