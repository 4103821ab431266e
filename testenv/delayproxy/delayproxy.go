// Package delayproxy is a small reverse proxy in front of every arm of a system that is not ours: the same for all arms, so
// that it takes no side, and able to add the known delay to the arm that has one.
package delayproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tollgate-dev/tollgate/internal/child"
	"github.com/tollgate-dev/tollgate/internal/slot"
	"github.com/tollgate-dev/tollgate/testenv/role"
)

// ConfigFromEnv reads the configuration with getenv: see role.FromEnv. Listen, Target and Spin are used.
func ConfigFromEnv(getenv func(string) string) (role.Config, error) {
	c, err := role.FromEnv(getenv)
	if err != nil {
		return role.Config{}, err
	}
	return c, c.Require(role.DelayProxy, &c.Target)
}

// Run serves until ctx ends. It prints the ready line to stdout as soon as it listens: whether anything answers behind it is
// for others to find out.
func Run(ctx context.Context, cfg role.Config, stdout io.Writer) error {
	target, err := url.Parse(cfg.Target)
	if err != nil {
		return errors.New("delay proxy: the target is no URL") // not shown: it may hold a password
	}
	listener, err := role.Listen(cfg.Listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: New(target, cfg.Spin), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := child.Announce(stdout, map[string]string{role.AddrHTTP: listener.Addr().String()}); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case <-ctx.Done():
	case err := <-served:
		return fmt.Errorf("delay proxy: %w", err)
	}
	err = server.Close()
	<-served
	return err
}

// New is the proxy as a handler. It changes nothing of a request or an answer, but for the delay and its header, and for
// redirects to what is behind it, which lead back to it.
func New(target *url.URL, delay time.Duration) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			for _, name := range forwarded { // which the proxy takes out
				if values, ok := r.In.Header[name]; ok {
					r.Out.Header[name] = values
				}
			}
		},
		Transport:  transport(),
		BufferPool: &buffers{},
		ErrorLog:   log.New(io.Discard, "", 0),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "delay proxy: "+err.Error(), http.StatusBadGateway)
		},
		ModifyResponse: func(r *http.Response) error {
			if rest, ok := strings.CutPrefix(r.Header.Get("Location"), target.Scheme+"://"+target.Host); ok {
				r.Header.Set("Location", "/"+strings.TrimPrefix(rest, "/"))
			}
			return nil
		},
	}
	if delay == 0 {
		return proxy
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(slot.SpunHeader, strconv.FormatInt(int64(role.Spin(delay)), 10))
		proxy.ServeHTTP(w, r)
	})
}

// forwarded are the headers that tell of proxies on the way; this one is none that should be told of.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// transport keeps as many connections as a load may have open at once, and no answer from its reader.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 4096,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second,
		DisableCompression:  true, // what is asked for is between the two ends
	}
}

// buffers lends the buffers through which answers are copied.
type buffers struct{ pool sync.Pool }

const bufferBytes = 32 << 10

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, bufferBytes)
}

func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
