package testenv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// toxic is what a toxic of ours is called in a proxy.
const toxic = "tollgate-latency"

// slow makes the proxy hold up what comes from the service. Params are Toxiproxy's attributes of a latency, in ms:
// {"latency":500,"jitter":100}.
func (p SystemProxy) slow(ctx context.Context, params any) error {
	if err := p.heal(ctx); err != nil { // one that a killed run has left
		return err
	}
	return p.ask(ctx, http.MethodPost, "/toxics", map[string]any{
		"name": toxic, "type": "latency", "stream": "downstream", "toxicity": 1.0, "attributes": params,
	}, nil)
}

// heal takes our toxic out; none is no error.
func (p SystemProxy) heal(ctx context.Context) error {
	err := p.ask(ctx, http.MethodDelete, "/toxics/"+toxic, nil, nil)
	if status := (statusError{}); errors.As(err, &status) && status.code == http.StatusNotFound {
		return nil
	}
	return err
}

// held is by how many ms our toxic holds up answers now; 0: there is none.
func (p SystemProxy) held(ctx context.Context) (float64, error) {
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

// check makes sure that the proxy is there.
func (p SystemProxy) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return p.ask(ctx, http.MethodGet, "", nil, nil)
}

// statusError is an answer that is none of success.
type statusError struct {
	code int
	text string
}

func (e statusError) Error() string { return e.text }

// ask makes one request to Toxiproxy's API about the proxy, and decodes the answer into out unless that is nil.
func (p SystemProxy) ask(ctx context.Context, method, path string, body, out any) error {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return fmt.Errorf("proxy %s: %w", p.Name, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(p.URL, "/")+"/proxies/"+url.PathEscape(p.Name)+path, &text)
	if err != nil {
		return fmt.Errorf("proxy %s: %w", p.Name, err)
	}
	resp, err := controls.Do(req)
	if err != nil {
		return fmt.Errorf("proxy %s: %w", p.Name, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("proxy %s: %w", p.Name, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return statusError{resp.StatusCode, fmt.Sprintf("proxy %s: %s %s: %s: %s", p.Name, method, req.URL.Redacted(), resp.Status, bytes.TrimSpace(answer))}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("proxy %s: %w", p.Name, err)
	}
	return nil
}
