package perso

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"go.k6.io/k6/v2/lib"
)

// Bodies of docs/stack.md.
type (
	loginBody struct {
		Session string `json:"session"`
		User    string `json:"user"`
		Channel string `json:"channel"`
	}
	// recommendBody leaves the user to the session: once it is linked, the stack has to know.
	recommendBody struct {
		Session   string `json:"session"`
		User      string `json:"user"`
		Channel   string `json:"channel"`
		Slots     int    `json:"slots"`
		Placement string `json:"placement"`
	}
	eventBody struct {
		Type      string   `json:"type"`
		Session   string   `json:"session"`
		User      string   `json:"user"`
		Channel   string   `json:"channel"`
		RequestID string   `json:"request_id"`
		Items     []string `json:"items,omitempty"`
		Item      string   `json:"item,omitempty"`
		Variant   string   `json:"variant"`
		Reason    string   `json:"reason"`
		DwellMS   int64    `json:"dwell_ms"`
		TimeMS    int64    `json:"time_ms"`
	}
	recommendation struct {
		RequestID string   `json:"request_id"`
		User      string   `json:"user"`
		Items     []string `json:"items"`
		Variant   string   `json:"variant"`
		Reason    string   `json:"reason"`
	}
)

// reply is what became of one request.
type reply struct {
	scheduled, sent, end time.Time // end: last byte in, or the error

	answer recommendation // of a recommend
	spun   time.Duration  // header X-Perso-Spun-Ns
	hasSpn bool
	err    error // transport error, timeout, status ≥ 400 or an answer that cannot be read
}

// client makes requests to one gateway.
type client struct {
	http  *http.Client
	base  string // URL without a slash at its end
	token string // bearer token; "" for none
}

// newTransport returns a transport for load: every worker may keep a connection. It honours the network and TLS options
// of the script where there is a k6 state.
func newTransport(state *lib.State, workers int) *http.Transport {
	t := &http.Transport{
		MaxIdleConns: 0, MaxIdleConnsPerHost: workers, IdleConnTimeout: time.Minute,
		DisableCompression: true, ForceAttemptHTTP2: false,
	}
	if state != nil && state.Dialer != nil {
		t.DialContext = state.Dialer.DialContext
	}
	if state != nil && state.TLSConfig != nil {
		t.TLSClientConfig = state.TLSConfig.Clone()
	}
	return t
}

// newClient returns a client that follows no redirects. A request ends after the timeout at the latest.
func newClient(rt http.RoundTripper, base, token string, timeout time.Duration) *client {
	return &client{base: base, token: token, http: &http.Client{
		Transport:     rt,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// post makes a request. What is done before sent and after end, encoding and decoding, is not in the service time.
func (c *client) post(ctx context.Context, cl call, scheduled time.Time) reply {
	r := reply{scheduled: scheduled}
	req, err := c.request(ctx, cl)
	if err != nil {
		r.sent, r.err = time.Now(), err
		r.end = r.sent
		return r
	}
	var body bytes.Buffer
	r.sent = time.Now()
	resp, err := c.http.Do(req)
	if err == nil {
		_, err = io.Copy(&body, resp.Body)
		_ = resp.Body.Close() // read to its end, or broken anyway
	}
	r.end = time.Now()
	if err != nil {
		r.err = err
		return r
	}
	if resp.StatusCode >= http.StatusMultipleChoices { // a redirect is no answer either
		r.err = fmt.Errorf("perso: %s: status %d: %.200s", cl.path, resp.StatusCode, body.Bytes())
		return r
	}
	if ns, err := strconv.ParseInt(resp.Header.Get("X-Perso-Spun-Ns"), 10, 64); err == nil {
		r.spun, r.hasSpn = time.Duration(ns), true
	}
	if _, ok := cl.body.(recommendBody); ok {
		if err := json.Unmarshal(body.Bytes(), &r.answer); err != nil {
			r.err = fmt.Errorf("perso: %s: answer: %w", cl.path, err)
		}
	}
	return r
}

func (c *client) request(ctx context.Context, cl call) (*http.Request, error) {
	body, err := json.Marshal(cl.body)
	if err != nil {
		return nil, fmt.Errorf("perso: %s: %w", cl.path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+cl.path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("perso: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "tollgate")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}
