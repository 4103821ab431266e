package perso

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate-dev/tollgate/internal/core/journey"
)

const (
	idleTimeout = time.Minute // after which an idle connection is closed
	readBuffer  = 4 << 10     // of a connection, bytes
	maxKept     = 64 << 10    // the most bytes that a connection keeps for the next body
	maxHead     = 1 << 20     // the most bytes that the head of an answer may have
)

// connection is one connection to a gateway. It carries one request at a time. Whoever makes the request writes it; a goroutine of
// the connection's own reads the answers.
type connection struct {
	net.Conn
	pool   *pool
	reader *bufio.Reader // of the goroutine that reads
	answer fasthttp.Response

	mu      sync.Mutex
	request *request  // outstanding; nil: the connection is idle
	since   time.Time // when it became idle
	used    bool      // it has carried a request
	dead    bool
}

// request is one request until its answer is in.
type request struct {
	bytes []byte
	until time.Time
	owner <-chan struct{} // Done of the context under which it is made
	done  func(journey.Answer)
}

// fail ends a request without an answer.
func (r *request) fail(err error) { r.done(journey.Answer{End: time.Now(), Err: err}) }

// stopped says whether the context of the request has ended.
func (r *request) stopped() bool {
	select {
	case <-r.owner:
		return true
	default:
		return false
	}
}

// lateError is the error of a request whose answer is not in at its time. It is a timeout in the sense of net.Error.
type lateError struct{}

func (lateError) Error() string   { return "perso: the answer is not in at the timeout of the request" }
func (lateError) Timeout() bool   { return true }
func (lateError) Temporary() bool { return true }

// errStopped is the error of a request whose context has ended.
var errStopped = errors.New("perso: the request was given up")

// write begins a request. It is false if nothing was written and another connection has to take it: this one was closed while it
// was idle.
func (c *connection) write(r *request) bool {
	c.mu.Lock()
	defer c.mu.Unlock() // the answer is looked at afterwards
	if c.dead {
		return false
	}
	reused := c.used
	c.request, c.used = r, true
	_ = c.SetDeadline(r.until) // an error shows in Write
	n, err := 0, error(errStopped)
	if !r.stopped() { // else its end may have come too early for stop
		n, err = c.Write(r.bytes)
	}
	if err == nil {
		return true
	}
	c.request, c.dead = nil, true
	_ = c.Close() // has read end
	if n == 0 && reused && err != errStopped {
		return false
	}
	go r.fail(timely(err, r.until))
	return true
}

// read takes answers until the connection ends.
func (c *connection) read() {
	for {
		_, err := c.reader.Peek(1)
		if errors.Is(err, os.ErrDeadlineExceeded) && c.extend() {
			continue
		}
		r := c.current()
		if r == nil { // closed while idle, or an answer to nothing
			c.end()
			return
		}
		if err == nil {
			err = c.parse()
		}
		end := time.Now()
		keep := err == nil && !c.answer.ConnectionClose() && c.answer.StatusCode() != http.StatusSwitchingProtocols && c.reader.Buffered() == 0
		if !keep {
			c.end()
		}
		switch {
		case err != nil && r.stopped():
			r.fail(errStopped)
		case err != nil:
			r.done(journey.Answer{End: end, Err: timely(err, r.until)})
		default:
			r.done(journey.Answer{End: end, Status: c.answer.StatusCode(), Header: header{&c.answer.Header}, Body: c.answer.Body()})
		}
		if !keep {
			return
		}
		c.answer.ReleaseBody(maxKept)
		c.mu.Lock()
		c.request, c.since = nil, end
		c.mu.Unlock()
		c.pool.put(c)
	}
}

// parse reads an answer, past interim ones, however many come until the deadline. Its head must fit into the buffer, which grows if
// need be.
func (c *connection) parse() error {
	for {
		err := c.answer.ReadLimitBody(c.reader, journey.MaxAnswer)
		var small *fasthttp.ErrSmallBuffer
		switch {
		case errors.Is(err, fasthttp.ErrBodyTooLarge):
			return journey.ErrTooLarge
		case err == nil && c.interim():
			continue
		case err == nil || !errors.As(err, &small):
			return err
		case c.reader.Size() >= maxHead:
			return fmt.Errorf("perso: the head of the answer is larger than %d bytes", maxHead)
		}
		read, _ := c.reader.Peek(c.reader.Buffered())
		c.reader = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(read)), c.Conn), 4*c.reader.Size())
	}
}

// interim says that what was read only announces the answer.
func (c *connection) interim() bool {
	status := c.answer.StatusCode()
	return status < http.StatusOK && status != http.StatusSwitchingProtocols
}

// current is the request that is outstanding. Where there is none the connection takes none any more.
func (c *connection) current() *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = c.dead || c.request == nil
	return c.request
}

// extend is called when the deadline has passed. It is true if the connection is to live on: the deadline was that of a request which
// has its answer.
func (c *connection) extend() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch now := time.Now(); {
	case c.dead:
		return false
	case c.request != nil:
		return !c.request.stopped() && now.Before(c.request.until)
	case now.Sub(c.since) < idleTimeout:
		_ = c.SetDeadline(c.since.Add(idleTimeout))
		return true
	default:
		return false
	}
}

// stop has the goroutine that reads end the connection: if it is idle, or its request is of that owner.
func (c *connection) stop(owner <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.request == nil && owner == nil:
		c.dead = true
	case c.request == nil || c.request.owner != owner:
		return
	}
	_ = c.SetDeadline(time.Unix(1, 0))
}

// end closes the connection.
func (c *connection) end() {
	c.mu.Lock()
	c.dead = true
	c.mu.Unlock()
	_ = c.Close()
	c.pool.forget(c)
}

// timely is the error of a request that failed: what comes after its time is a timeout.
func timely(err error, until time.Time) error {
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, fasthttp.ErrTimeout) || !time.Now().Before(until) {
		return lateError{}
	}
	return err
}

// header is the header of an answer.
type header struct{ *fasthttp.ResponseHeader }

// Values returns the values of a name.
func (h header) Values(name string) (out []string) {
	for _, v := range h.PeekAll(name) {
		out = append(out, string(v))
	}
	return out
}
