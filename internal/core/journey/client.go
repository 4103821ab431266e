package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// Bodies of docs/stack.md.
type (
	loginBody struct {
		Session string `json:"session"`
		User    string `json:"user"`
		Channel string `json:"channel"`
	}
	// recommendBody names no user: the stack has to know who a session belongs to, once a login has linked it.
	recommendBody struct {
		Session   string `json:"session"`
		User      string `json:"user"`
		SignedIn  bool   `json:"signed_in,omitempty"` // a login of the journey was answered
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

// Reply is what became of one request.
type Reply struct {
	Scheduled, Sent, End time.Time // End: last byte in, or the error

	Status  int           // of the answer; 0: none came, or not to its end
	TraceID string        // of the trace context that the request had; "" for none
	Spun    time.Duration // what the stack says it spun, if HasSpun
	HasSpun bool
	Hops    []slot.Hop // where the stack says that the time went
	Err     error      // transport error, timeout, a status other than 2xx, or an answer that cannot be read

	answer recommendation // of a recommend
}

// Client makes requests to one gateway. It is safe for concurrent use.
type Client struct {
	Trace Trace // set it before the first request

	http  *http.Client
	base  string // URL without a slash at its end
	token string // bearer token; "" for none
}

// NewClient returns a client of the gateway at a base URL, with a bearer token unless that is "". It follows no redirects. A
// request ends after the timeout at the latest.
func NewClient(rt http.RoundTripper, base, token string, timeout time.Duration) *Client {
	return &Client{base: strings.TrimSuffix(base, "/"), token: token, http: &http.Client{
		Transport:     rt,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Post makes a request. Encoding comes before Sent and decoding after End, so neither is in the service time.
func (c *Client) Post(ctx context.Context, cl Call, scheduled time.Time) Reply {
	r := c.post(ctx, cl, scheduled)
	if cl.again && r.Err == nil {
		_ = c.post(ctx, cl, scheduled)
	}
	return r
}

func (c *Client) post(ctx context.Context, cl Call, scheduled time.Time) Reply {
	r := Reply{Scheduled: scheduled}
	req, err := c.request(ctx, cl)
	if err != nil {
		r.Sent, r.Err = time.Now(), err
		r.End = r.Sent
		return r
	}
	r.TraceID = c.Trace.set(req.Header, cl)
	var body bytes.Buffer
	r.Sent = time.Now()
	resp, err := c.http.Do(req)
	if err == nil {
		_, err = io.Copy(&body, resp.Body)
		_ = resp.Body.Close() // read to its end, or broken anyway
	}
	r.End = time.Now()
	if err != nil {
		r.Err = err
		return r
	}
	r.Status = resp.StatusCode
	if resp.StatusCode >= http.StatusMultipleChoices { // a redirect is no answer either
		r.Err = fmt.Errorf("perso: %s: status %d: %.200s", cl.path, resp.StatusCode, body.Bytes())
		return r
	}
	r.Spun, r.HasSpun = slot.Spun(resp.Header)
	r.Hops = slot.Timing(resp.Header.Values(slot.TimingHeader))
	if _, ok := cl.body.(recommendBody); ok {
		if err := json.Unmarshal(body.Bytes(), &r.answer); err != nil {
			r.Err = fmt.Errorf("perso: %s: answer: %w", cl.path, err)
		}
	}
	return r
}

func (c *Client) request(ctx context.Context, cl Call) (*http.Request, error) {
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
