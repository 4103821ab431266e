package stack

import (
	"encoding/json"
	"net"
	"sync"
)

// stillListener is a listener whose connections can be made to stand still, as those of a process that was stopped: clients can
// connect and send, and get no answer until it goes on. Nothing of what they send is lost.
type stillListener struct {
	net.Listener

	mu    sync.Mutex
	goOn  chan struct{} // closed when it goes on; nil: it goes on
	count int           // of holds, for the idempotent release of each
}

// hold makes it stand still until the release.
func (l *stillListener) hold() (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.goOn == nil {
		l.goOn = make(chan struct{})
	}
	l.count++
	mine := l.count
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.count == mine && l.goOn != nil {
			close(l.goOn)
			l.goOn = nil
		}
	}
}

// wait returns when it goes on, or with an error when the connection is closed.
func (l *stillListener) wait(closed <-chan struct{}) error {
	l.mu.Lock()
	goOn := l.goOn
	l.mu.Unlock()
	if goOn == nil {
		return nil
	}
	select {
	case <-goOn:
		return nil
	case <-closed:
		return net.ErrClosed
	}
}

// Accept returns connections that stand still with the listener.
func (l *stillListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &stillConn{Conn: conn, listener: l, closed: make(chan struct{})}, nil
}

type stillConn struct {
	net.Conn
	listener *stillListener
	once     sync.Once
	closed   chan struct{}
}

func (c *stillConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if still := c.listener.wait(c.closed); still != nil {
		return 0, still
	}
	return n, err
}

func (c *stillConn) Write(p []byte) (int, error) {
	if err := c.listener.wait(c.closed); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *stillConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// pauseParams are the parameters of pause-broker.
type pauseParams struct {
	Arm string `json:"arm"`
}

// pause is the lever pause-broker.
func (s *backingService) pause(params json.RawMessage) (func(), error) {
	var p pauseParams
	if err := decode(params, &p); err != nil {
		return nil, err
	}
	return s.still[p.Arm].hold(), nil
}
