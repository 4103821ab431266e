package role

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Limits of connections that have not shown the token yet.
const (
	gateLimit   = 5 * time.Second       // to show it
	gateMost    = 256                   // at the same time; more are closed at once
	acceptPause = 10 * time.Millisecond // after a connection that could not be accepted
	dialLimit   = 10 * time.Second      // of Dialer
)

var errGate = errors.New("role: the connection does not begin with the token")

// Gate returns a listener whose connections are read only after they have begun with the token, as those of Dialer do. It stands
// before servers that believe what they are sent: what a port scan or a stranger sends, in whatever protocol, does not reach
// them. After the token it is not in the way. It is for servers that read a connection at once, and from one goroutine at a time.
func Gate(listener net.Listener, token string) net.Listener {
	return &gate{Listener: listener, token: []byte(token)}
}

// Dialer returns a dialer for the clients of a Gate, or of a server without one if the token is "".
func Dialer(token string) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialLimit}
	if token == "" {
		return dialer.DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(conn, token); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return conn, nil
	}
}

type gate struct {
	net.Listener
	token   []byte
	waiting atomic.Int64 // connections that have not shown the token
}

// Accept returns an error only when the listener is closed: a process that has no file left for a connection goes on.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			time.Sleep(acceptPause)
			continue
		}
		if g.waiting.Add(1) > gateMost || conn.SetReadDeadline(time.Now().Add(gateLimit)) != nil {
			g.waiting.Add(-1)
			_ = conn.Close()
			continue
		}
		return &gated{Conn: conn, gate: g}, nil
	}
}

// gated is a connection that has to show the token.
type gated struct {
	net.Conn
	gate *gate // nil once the token has been shown
	err  error // of the gate
}

func (c *gated) Read(p []byte) (int, error) {
	if c.gate != nil {
		c.err = c.gate.check(c.Conn)
		c.gate = nil
	}
	if c.err != nil {
		return 0, c.err
	}
	return c.Conn.Read(p)
}

// check reads the token from a new connection.
func (g *gate) check(conn net.Conn) error {
	defer g.waiting.Add(-1)
	given := make([]byte, len(g.token))
	if _, err := io.ReadFull(conn, given); err != nil {
		return err
	}
	if len(given) == 0 || subtle.ConstantTimeCompare(given, g.token) == 0 {
		return errGate
	}
	return conn.SetReadDeadline(time.Time{})
}
