package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
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
	Line  Line  // carries the requests in place of the transport, unless it is nil; set it before the first request

	http    *http.Client
	timeout time.Duration
	base    string // URL without a slash at its end
	token   string // bearer token; "" for none
	head    []byte // of requests by line, without what is theirs alone
	path    string // of the base URL
}

// Line carries requests to a gateway as they are to stand on the wire, without a goroutine or a timer for each of them.
type Line interface {
	// Send makes a request, which it must not change, and does not wait for the answer. done is called once, on another goroutine:
	// when the answer is in, at the time until, or when ctx ends.
	Send(ctx context.Context, request []byte, until time.Time, done func(Answer))
}

// Answer is an answer as it came in.
type Answer struct {
	End    time.Time // last byte in, or the error
	Err    error     // there is no answer, or only a part of one
	Status int
	Header interface{ Values(name string) []string } // valid as long as Body
	Body   []byte                                    // valid until done returns
}

const (
	contentType = "application/json"
	userAgent   = "tollgate"
)

// NewClient returns a client of the gateway at a base URL, with a bearer token unless that is "". It follows no redirects. A
// request ends after the timeout at the latest.
func NewClient(rt http.RoundTripper, base, token string, timeout time.Duration) *Client {
	c := &Client{base: strings.TrimSuffix(base, "/"), token: token, timeout: timeout, http: &http.Client{
		Transport:     rt,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if u, err := url.Parse(c.base); err == nil {
		c.path = u.EscapedPath()
		c.head = fmt.Appendf(nil, " HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nContent-Type: %s\r\n", u.Host, userAgent, contentType)
		if token != "" {
			c.head = fmt.Appendf(c.head, "Authorization: Bearer %s\r\n", token)
		}
	}
	return c
}

// Post makes a request and waits for its answer. Encoding comes before Sent and decoding after End, so neither is in the service
// time.
func (c *Client) Post(ctx context.Context, cl Call, scheduled time.Time) Reply {
	if c.Line != nil {
		in := make(chan Reply, 1)
		c.send(ctx, cl, scheduled, func(r Reply) { in <- r })
		return <-in
	}
	r := c.post(ctx, cl, scheduled)
	if cl.again && r.Err == nil {
		_ = c.post(ctx, cl, scheduled)
	}
	return r
}

// Start makes a request and does not wait for its answer. done is called with that, once, on another goroutine.
func (c *Client) Start(ctx context.Context, cl Call, scheduled time.Time, done func(Reply)) {
	if c.Line != nil {
		c.send(ctx, cl, scheduled, done)
		return
	}
	go func() { done(c.Post(ctx, cl, scheduled)) }()
}

// send makes a request by line.
func (c *Client) send(ctx context.Context, cl Call, scheduled time.Time, done func(Reply)) {
	r := Reply{Scheduled: scheduled}
	body, err := json.Marshal(cl.body)
	if err != nil {
		go func() { done(r.unsent(fmt.Errorf("perso: %s: %w", cl.path, err))) }()
		return
	}
	req := make([]byte, 0, len(c.path)+len(cl.path)+len(c.head)+len(body)+64)
	req = append(append(append(append(req, "POST "...), c.path...), cl.path...), c.head...)
	if c.Trace.On {
		h := http.Header{}
		r.TraceID = c.Trace.set(h, cl)
		for name := range h {
			req = append(append(append(append(req, name...), ": "...), h.Get(name)...), "\r\n"...)
		}
	}
	req = append(req, "Content-Length: "...)
	req = append(append(strconv.AppendInt(req, int64(len(body)), 10), "\r\n\r\n"...), body...)
	r.Sent = time.Now()
	c.Line.Send(ctx, req, r.Sent.Add(c.timeout), func(a Answer) {
		r.read(cl, a)
		if cl.again && r.Err == nil {
			c.Line.Send(ctx, req, time.Now().Add(c.timeout), func(Answer) { done(r) })
			return
		}
		done(r)
	})
}

func (c *Client) post(ctx context.Context, cl Call, scheduled time.Time) Reply {
	r := Reply{Scheduled: scheduled}
	req, err := c.request(ctx, cl)
	if err != nil {
		return r.unsent(err)
	}
	r.TraceID = c.Trace.set(req.Header, cl)
	var body bytes.Buffer
	r.Sent = time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		r.read(cl, Answer{End: time.Now(), Err: err})
		return r
	}
	_, err = body.ReadFrom(io.LimitReader(resp.Body, MaxAnswer+1))
	end := time.Now()
	_ = resp.Body.Close() // read to its end, or broken anyway
	if err == nil && body.Len() > MaxAnswer {
		err = ErrTooLarge
	}
	r.read(cl, Answer{End: end, Err: err, Status: resp.StatusCode, Header: resp.Header, Body: body.Bytes()})
	return r
}

// MaxAnswer is the most bytes that the body of an answer may have.
const MaxAnswer = 16 << 20

// ErrTooLarge is the error of an answer that is larger.
var ErrTooLarge = fmt.Errorf("perso: the answer is larger than %d bytes", MaxAnswer)

// unsent is the reply to a request that could not be made.
func (r Reply) unsent(err error) Reply {
	r.Sent, r.Err = time.Now(), err
	r.End = r.Sent
	return r
}

// read takes what an answer says.
func (r *Reply) read(cl Call, a Answer) {
	r.End, r.Err = a.End, a.Err
	if a.Err != nil {
		return
	}
	r.Status = a.Status
	if a.Status >= http.StatusMultipleChoices { // a redirect is no answer either
		r.Err = fmt.Errorf("perso: %s: status %d: %.200s", cl.path, a.Status, a.Body)
		return
	}
	if spun := a.Header.Values(slot.SpunHeader); len(spun) > 0 {
		r.Spun, r.HasSpun = slot.Spun(http.Header{slot.SpunHeader: spun})
	}
	r.Hops = slot.Timing(a.Header.Values(slot.TimingHeader))
	if _, ok := cl.body.(recommendBody); ok {
		if err := json.Unmarshal(a.Body, &r.answer); err != nil {
			r.Err = fmt.Errorf("perso: %s: answer: %w", cl.path, err)
		}
	}
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
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", userAgent)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}
