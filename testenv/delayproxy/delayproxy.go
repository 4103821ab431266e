// Package delayproxy is a small reverse proxy in front of every arm of a system of the user's own. It is the same for all arms,
// so that it favours none, and it adds the known delay to the arm that has one.
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
	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/core/slot"
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

// Run serves until ctx ends. It prints the ready line to stdout as soon as it listens; it does not check whether anything
// answers behind it.
func Run(ctx context.Context, cfg role.Config, stdout io.Writer) error {
	target, err := url.Parse(cfg.Target)
	if err != nil {
		return errors.New("delay proxy: the target is no URL") // the URL is not shown: it may hold a password
	}
	listener, err := role.Listen(cfg.Listen)
	if err != nil {
		return err
	}
	server := api.Server(New(target, cfg.Spin), api.AnyBody)
	server.MaxHeaderBytes = http.DefaultMaxHeaderBytes // what the service behind it can take is not known
	err = api.Serve(ctx, server, listener, func() error {
		return child.Announce(stdout, map[string]string{role.AddrHTTP: listener.Addr().String()})
	})
	if err != nil {
		return fmt.Errorf("delay proxy: %w", err)
	}
	return nil
}

// New returns the proxy as a handler. It passes requests and answers unchanged, with two exceptions: it adds the delay and the
// header of the delay, and it makes redirects to the service behind it lead back to the proxy.
func New(target *url.URL, delay time.Duration) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			for _, name := range forwarded { // the reverse proxy removes these headers
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

// forwarded are the headers that name the proxies on the way; they must not name this one.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// transport keeps as many connections as a load may have open at once, and sets no limit on the time for an answer.
func transport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 4096,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second,
		DisableCompression:  true, // only the two ends choose a compression
	}
}

// buffers is a pool of the buffers through which answers are copied.
type buffers struct{ pool sync.Pool }

const bufferBytes = 32 << 10

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, bufferBytes)
}

func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
