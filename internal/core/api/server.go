package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// limits say how long a client may keep a server waiting.
type limits struct {
	header  time.Duration // until the header of a request is there
	request time.Duration // until its body is there, too
	idle    time.Duration // between two requests of a connection
}

// usual are the limits of Server. A parked arm can answer nobody, so idle is longer than any arm is parked: the connections that
// the load generator keeps must still be there when its turn comes.
var usual = limits{header: 5 * time.Second, request: time.Minute, idle: 10 * time.Minute}

// maxHeader is how long the header of a request may be, in bytes.
const maxHeader = 64 << 10

// AnyBody is the maxBody of a server that only passes bodies on.
const AnyBody = -1

// Server returns a server that its clients cannot hold up: the time for a header, for a body and between requests is limited,
// and so is the length of headers. A handler can read maxBody bytes of a body; after that, reading is an error.
func Server(handler http.Handler, maxBody int64) *http.Server { return usual.server(handler, maxBody) }

func (l limits) server(handler http.Handler, maxBody int64) *http.Server {
	if maxBody != AnyBody {
		handler = http.MaxBytesHandler(handler, maxBody)
	}
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: l.header,
		ReadTimeout:       l.request,
		IdleTimeout:       l.idle,
		MaxHeaderBytes:    maxHeader,
	}
}

// Serve serves at a listener until ctx ends, and closes the server. begun is called as soon as it serves; its error ends it.
func Serve(ctx context.Context, server *http.Server, listener net.Listener, begun func() error) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := begun(); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case <-ctx.Done():
	case err := <-served:
		return err
	}
	err := server.Close()
	<-served
	return err
}

// Local refuses requests that were sent to another host than this one. It is for servers on the loopback interface: a web page
// whose host name leads to 127.0.0.1 makes a browser on this machine send requests with that name (DNS rebinding).
func Local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !Loopback(r.Host) {
			http.Error(w, "want a request to localhost or to an address of the loopback interface", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Loopback reports whether a host, with or without a port, is localhost or an address of the loopback interface.
func Loopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
