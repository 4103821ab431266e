package perso

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"go.k6.io/k6/v2/lib"
	"golang.org/x/net/http/httpguts"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

// pool is the connections to one gateway for requests over plain HTTP/1.1. It implements journey.Line, and does below net/http what
// http.Transport does above it: that one takes two goroutines for each connection, and http.Client a timer for each request.
// A pool is safe for concurrent use.
type pool struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
	addr string // host:port

	mu    sync.Mutex
	idle  []*connection        // the one that was used last is the last, and the next to be used: its buffers are the warmest
	all   map[*connection]bool // that are open
	owner context.Context      // of the last request
	over  bool                 // connections that become idle are closed
}

// plainPool is a pool for a gateway, nil if requests to it need net/http: for TLS, HTTP/2, a proxy, or a URL out of the ordinary.
func plainPool(transport http.RoundTripper, base, token string) *pool {
	t, ok := transport.(*http.Transport)
	u, err := url.Parse(base)
	if !ok || err != nil || t.DisableKeepAlives || t.MaxConnsPerHost > 0 || t.Protocols != nil ||
		u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Hostname() == "" ||
		!httpguts.ValidHostHeader(u.Host) || !ascii(u.Host) || !httpguts.ValidHeaderFieldValue(token) {
		return nil
	}
	if t.Proxy != nil {
		if proxy, err := t.Proxy(&http.Request{URL: u}); proxy != nil || err != nil {
			return nil
		}
	}
	p := &pool{dial: t.DialContext, addr: u.Host, all: map[*connection]bool{}}
	if p.dial == nil {
		p.dial = new(net.Dialer).DialContext
	}
	if u.Port() == "" {
		p.addr = net.JoinHostPort(u.Hostname(), "80")
	}
	return p
}

// pool is the VU's connections to a target, which live as long as those of k6/http; nil if requests to it need net/http.
func (i *instance) pool(state *lib.State, target, token string) *pool {
	if state.Options.NoVUConnectionReuse.Bool || !httpguts.ValidHeaderFieldValue(token) {
		return nil
	}
	p, ok := i.pools[target]
	if !ok {
		if i.pools == nil {
			i.pools = map[string]*pool{}
		}
		p = plainPool(transportOf(state.Transport), target, token)
		i.pools[target] = p
	}
	return p
}

// ascii says whether a host's name needs no encoding of its own.
func ascii(host string) bool {
	return strings.IndexFunc(host, func(c rune) bool { return c >= 0x80 }) < 0
}

// Send implements journey.Line.
func (p *pool) Send(ctx context.Context, bytes []byte, until time.Time, done func(journey.Answer)) {
	r := &request{bytes: bytes, until: until, owner: ctx.Done(), done: done}
	for {
		c := p.get(ctx)
		if c == nil {
			go p.open(ctx, r)
			return
		}
		if c.write(r) {
			return
		}
		p.forget(c)
	}
}

// open makes a connection and a request on it.
func (p *pool) open(ctx context.Context, r *request) {
	within, cancel := context.WithDeadline(ctx, r.until)
	conn, err := p.dial(within, "tcp", p.addr)
	cancel()
	switch {
	case ctx.Err() != nil:
		if err == nil {
			_ = conn.Close()
		}
		r.fail(errStopped)
		return
	case err != nil:
		r.fail(timely(err, r.until))
		return
	}
	c := &connection{Conn: conn, pool: p, reader: bufio.NewReaderSize(conn, readBuffer)}
	p.mu.Lock()
	p.all[c] = true
	p.mu.Unlock()
	if c.write(r) {
		c.read()
	}
}

// get takes an idle connection out; nil: there is none.
func (p *pool) get(ctx context.Context) *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owner != ctx {
		p.owner = ctx
		context.AfterFunc(ctx, func() { p.stop(ctx) })
	}
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c
}

// put takes a connection that has become idle.
func (p *pool) put(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		c.stop(nil)
		return
	}
	p.idle = append(p.idle, c)
}

// forget takes a connection out that is closed.
func (p *pool) forget(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, c)
	if i := slices.Index(p.idle, c); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
}

// stop ends the requests that are made under a context which has ended.
func (p *pool) stop(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.all {
		c.stop(ctx.Done())
	}
}

// hangUp closes the connections: at once, or when they have become idle.
func (p *pool) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.stop(nil)
	}
	p.idle, p.over = nil, true
}
