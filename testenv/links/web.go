package links

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// web is the half of a link that understands HTTP: a reverse proxy, which goes through the wire only while something is wrong
// with the wire.
type web struct {
	addr    string
	server  *http.Server
	proxy   *httputil.ReverseProxy
	forward forward
	served  chan error

	mu    sync.Mutex // of changes of rules
	rules atomic.Pointer[[]*rule]
	dice  dice
}

func openWeb(listen string, target *url.URL, wire *wire, seed int64) (*web, error) {
	listener, err := role.Listen(listen)
	if err != nil {
		return nil, err
	}
	w := &web{
		addr: listener.Addr().String(), served: make(chan error, 1), dice: newDice(seed),
		forward: forward{wire: wire, direct: transport(target.Host), through: transport(wire.addr())},
	}
	w.rules.Store(&[]*rule{})
	w.proxy = &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:  w.forward,
		BufferPool: &buffers{},
		ErrorLog:   log.New(io.Discard, "", 0),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // the caller loses its connection, as it would without a link
		},
	}
	w.server = api.Server(w, api.AnyBody)
	w.server.ErrorLog = w.proxy.ErrorLog
	go func() { w.served <- w.server.Serve(listener) }()
	return w, nil
}

func (w *web) close() error {
	err := w.server.Close()
	if ended := <-w.served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	w.forward.direct.CloseIdleConnections()
	w.forward.through.CloseIdleConnections()
	return err
}

// ServeHTTP implements http.Handler.
func (w *web) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.pass(*w.rules.Load(), rw, r) }

// pass passes a request on, by the rules that are left.
func (w *web) pass(rules []*rule, rw http.ResponseWriter, r *http.Request) {
	if len(rules) == 0 {
		w.proxy.ServeHTTP(rw, r)
		return
	}
	next := func(rw http.ResponseWriter, r *http.Request) { w.pass(rules[1:], rw, r) }
	if rules[0].takes(r, &w.dice) {
		rules[0].act(rw, r, next)
	} else {
		next(rw, r)
	}
}

// forward sends requests to the service: directly, or over the wire while that is broken. It has two pools of connections, so
// that no connection of the one way is used for the other.
type forward struct {
	wire            *wire
	direct, through *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (f forward) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.wire.broken.Load() {
		return f.through.RoundTrip(r)
	}
	return f.direct.RoundTrip(r)
}

// transport connects to one address, whatever the URL says. It sets no limit on the time for an answer: callers have theirs.
func transport(addr string) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		DialContext:         dialTo(dialer, addr),
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true, // only the two ends choose a compression
	}
}

// buffers is a pool of the buffers through which answers are copied.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
