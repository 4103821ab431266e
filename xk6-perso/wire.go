package perso

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tollgate-dev/tollgate/internal/core/slot"
)

// wire is the transport of a VU during a turn. It sees when requests leave, and for which host.
type wire struct {
	next http.RoundTripper
	turn *turn
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if "http://"+req.URL.Hostname() == slot.NoBaseURL {
		return nil, w.turn.misplaced(req.URL)
	}
	if w.turn.rec == nil || !w.turn.aims(req.URL) {
		return w.next.RoundTrip(req)
	}
	var conn atomic.Pointer[net.Addr] // the same value as in k6's sample of the request
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		addr := info.Conn.RemoteAddr()
		conn.Store(&addr)
	}}
	x := w.turn.send(time.Now())
	resp, err := w.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		x.bad = resp.StatusCode >= http.StatusBadRequest
		x.spun, x.hasSpun = slot.Spun(resp.Header)
		x.hops = slot.Timing(resp.Header.Values(slot.TimingHeader))
	} else {
		x.bad = true
	}
	var addr net.Addr
	if got := conn.Load(); got != nil {
		addr = *got
	}
	w.turn.answered(x, addr)
	return resp, err
}

// aims says whether a URL leads to the turn's arm: it has the arm's scheme, host and port.
func (t *turn) aims(u *url.URL) bool {
	return u.Scheme == t.arm.origin.Scheme && strings.EqualFold(u.Host, t.arm.origin.Host)
}

// misplaced ends the run of a script that asks for the base URL at the wrong time.
func (t *turn) misplaced(u *url.URL) error {
	err := fmt.Errorf("perso: turns: the script reads __ENV.BASE_URL while it is loaded, when there is no target yet, "+
		"and so asked for %s: read __ENV.BASE_URL inside the function, as in http.get(`${__ENV.BASE_URL}/path`)", u)
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	t.all.fail(err)
	return err
}
