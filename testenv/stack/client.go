package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// client calls another service of the stack over connections that are kept alive. It is safe for concurrent use.
type client struct {
	base  string
	http  *http.Client
	limit time.Duration // of one call
	wire  *http.Transport
	plain bool // not instrumented
}

// statusError is an answer that is not 2xx.
type statusError struct {
	status int
	text   []byte
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.text) }

// ErrorType returns the error.type of the answer.
func (e *statusError) ErrorType() string { return strconv.Itoa(e.status) }

func newClient(base string, limit time.Duration, tel *telemetry) *client {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: limit}).DialContext,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
	c := &client{base: base, limit: limit, wire: transport, plain: !tel.on(), http: &http.Client{Transport: transport}}
	if !c.plain {
		c.http.Transport = tel.transport(queryRestorer{transport})
	}
	return c
}

// get requests path with the query. The query may hold ids, so the instrumentation never sees it.
func (c *client) get(ctx context.Context, path, query string, out any) error {
	url := c.base + path
	if c.plain {
		url += "?" + query
	} else {
		ctx = context.WithValue(ctx, queryKey{}, query)
	}
	_, err := c.do(ctx, http.MethodGet, url, nil, out)
	return err
}

// post sends in as JSON, decodes the answer into out unless out is nil, and returns the answer's text.
func (c *client) post(ctx context.Context, path string, in, out any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c.do(ctx, http.MethodPost, c.base+path, body, out)
}

// fetch requests path without a span of its own. It is for waiting at the start.
func (c *client) fetch(ctx context.Context, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := c.wire.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s: %s", c.base+path, resp.Status, text)
	}
	return json.Unmarshal(text, out)
}

// healthy returns an error unless the service can do its work.
func (c *client) healthy(ctx context.Context) error {
	return c.fetch(ctx, "/healthz", &struct{}{})
}

func (c *client) do(ctx context.Context, method, url string, body []byte, out any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	tookPart(ctx, resp.Header)
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.URL.Path, err)
	}
	if resp.StatusCode >= 300 {
		return nil, &statusError{status: resp.StatusCode, text: text}
	}
	if out == nil {
		return text, nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("%s: %w", req.URL.Path, err)
	}
	return text, nil
}

func (c *client) close() { c.wire.CloseIdleConnections() }

type queryKey struct{}

// queryRestorer puts the query back into a request, below the instrumentation, which must not see it.
type queryRestorer struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (q queryRestorer) RoundTrip(r *http.Request) (*http.Response, error) {
	if query, ok := r.Context().Value(queryKey{}).(string); ok {
		r = r.Clone(r.Context())
		r.URL.RawQuery = query
	}
	return q.base.RoundTrip(r)
}
