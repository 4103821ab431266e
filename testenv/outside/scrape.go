package outside

import (
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tollgate-dev/tollgate/internal/core/api"
)

// Server serves the views of all arms to scrapers, each view at its own URL.
type Server struct {
	listener net.Listener
	server   *http.Server
	mux      *http.ServeMux
	done     chan struct{}

	mu    sync.Mutex
	views []*View
}

// Serve starts a server on a free port of the loopback interface.
func Serve() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("outside: %w", err)
	}
	mux := http.NewServeMux()
	s := &Server{listener: listener, mux: mux, done: make(chan struct{}), server: api.Server(api.Local(mux), 0)}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener) // ends with Close
	}()
	return s, nil
}

// URL returns the URL of the view of an arm.
func (s *Server) URL(arm string) string { return "http://" + s.listener.Addr().String() + "/" + arm }

// Add makes the view of an arm and serves it. Broker are the options of a client of its broker; none for an arm without a
// broker.
func (s *Server) Add(arm string, broker ...kgo.Opt) *View {
	v := NewView(arm, broker...)
	s.mux.Handle("/"+arm, promhttp.HandlerFor(v.registry, promhttp.HandlerOpts{}))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views = append(s.views, v)
	return v
}

// Close ends the server and its views.
func (s *Server) Close() error {
	err := s.server.Close()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.views {
		v.Close()
	}
	return err
}
