// Package door is a small reverse proxy in front of every arm of a system that is not ours: alike for all arms, so that
// it takes no side, and able to add the known delay to the arm that has one.
package door

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

	"github.com/tollgate-dev/tollgate/testenv/stack"
)

// Role is the role of the door: `tollgate serve door`.
const Role = "door"

// maxSpin is the longest delay.
const maxSpin = time.Second

// Config says where a door stands.
type Config struct {
	Listen string        // host:port, or fd:N for an inherited listener; "" is 127.0.0.1:0
	Target *url.URL      // base URL of what is behind
	Spin   time.Duration // how long every request is held up on the CPU; 0: not at all
	Stdout io.Writer     // takes the ready line
}

// ConfigFromEnv reads the configuration of the role from PERSO_LISTEN, PERSO_TARGET_URL and PERSO_SPIN. An error names the
// variable and what it may be.
func ConfigFromEnv(getenv func(string) string, stdout io.Writer) (Config, error) {
	c := Config{Listen: getenv("PERSO_LISTEN"), Stdout: stdout}
	var errs []error
	if target, err := url.Parse(getenv("PERSO_TARGET_URL")); err == nil && target.Host != "" && (target.Scheme == "http" || target.Scheme == "https") {
		c.Target = target
	} else {
		errs = append(errs, errors.New("door: PERSO_TARGET_URL must be a base URL, e.g. http://127.0.0.1:8080")) // not shown: it may hold a password
	}
	if text := getenv("PERSO_SPIN"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > maxSpin {
			errs = append(errs, fmt.Errorf("door: PERSO_SPIN must be a duration from 0s to %v, e.g. 200us, got %q", maxSpin, text))
		}
		c.Spin = d
	}
	return c, errors.Join(errs...)
}

// Run serves until ctx ends. It prints the ready line as soon as it listens: whether anything answers behind it is for
// others to find out.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	listener, err := stack.Listen(cfg.Listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: New(cfg.Target, cfg.Spin), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := stack.Ready(cfg.Stdout, map[string]string{"http": listener.Addr().String()}); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case <-ctx.Done():
	case err := <-served:
		return fmt.Errorf("door: %w", err)
	}
	err = server.Close()
	<-served
	return err
}

// New is the door as a handler. It changes nothing of a request or an answer, but for the delay and its header, and for
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
			http.Error(w, "door: "+err.Error(), http.StatusBadGateway)
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
		w.Header().Set(stack.SpunHeader, strconv.FormatInt(int64(stack.Spin(delay)), 10))
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
