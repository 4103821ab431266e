package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/secret"
)

// Limit is how long a client of New waits for an answer: long enough for a live process on a busy machine.
const Limit = 10 * time.Second

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 64 << 20

// Client makes requests with JSON in their bodies and answers.
type Client struct {
	Token string // bearer token; "" for requests without one
	HTTP  *http.Client
}

// New returns a client with its own limits on time and connections.
func New(token string) *Client {
	return &Client{Token: token, HTTP: &http.Client{Timeout: Limit, Transport: &http.Transport{MaxIdleConnsPerHost: 2}}}
}

// Patient returns a client that waits longer for an answer, by more, over the same connections.
func (c *Client) Patient(more time.Duration) *Client {
	waiting := *c.HTTP
	waiting.Timeout += more
	return &Client{Token: c.Token, HTTP: &waiting}
}

// Close ends idle connections.
func (c *Client) Close() { c.HTTP.CloseIdleConnections() }

// StatusError is an answer whose status is not 2xx.
type StatusError struct {
	Code   int
	Status string // e.g. 404 Not Found
	Body   string // its beginning
	Method string
	URL    string // without credentials
}

// Error names the request and what was answered.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: %s", e.Method, e.URL, e.Status)
	if e.Body != "" {
		text += ": " + e.Body
	}
	return text
}

// Do makes a request. Its body is in as JSON, or empty if in is nil. Do decodes the answer into out: from JSON, or as it is
// into a *[]byte. It ignores the answer if out is nil, and for status 204, which has no content. The error is a *StatusError if
// the status is not 2xx.
func (c *Client) Do(ctx context.Context, method, address string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, secret.Hide(address), err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return public(err)
	}
	shown := secret.Hide(address)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		Authorize(req, c.Token)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return public(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, shown, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return &StatusError{resp.StatusCode, resp.Status, beginning(answer), method, shown}
	}
	if resp.StatusCode == http.StatusNoContent {
		return nil
	}
	switch out := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*out = answer
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, shown, err)
	}
	return nil
}

// public hides the credentials in the address that an error of net/http names.
func public(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		failed.URL = secret.Hide(failed.URL)
	}
	return err
}

// Get is Do with the method GET.
func (c *Client) Get(ctx context.Context, address string, out any) error {
	return c.Do(ctx, http.MethodGet, address, nil, out)
}

// beginning returns the part of an answer that an error shows.
func beginning(answer []byte) string {
	const most = 500 // bytes
	text := bytes.TrimSpace(answer)
	if len(text) > most {
		return string(bytes.ToValidUTF8(text[:most], nil)) + " …"
	}
	return string(text)
}
