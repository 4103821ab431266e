package links

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/tollgate-dev/tollgate/testenv/role"
)

// Limits of a measurement of a link.
const (
	roundTrips     = 9           // on each way
	roundTripsTake = time.Second // or fewer, if they take longer
)

// roundTrip measures how long the service takes to answer the smallest question, through the link and without it: PING for a
// store, the health check for everything else. It answers the medians, in ms.
func (l *Link) roundTrip(ctx context.Context) (any, error) {
	direct, err := l.median(ctx, l.target.Host)
	if err != nil {
		return nil, fmt.Errorf("without the link: %w", err)
	}
	through, err := l.median(ctx, l.Addr)
	if err != nil {
		return nil, fmt.Errorf("through the link: %w", err)
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return map[string]float64{"direct_ms": ms(direct), "through_ms": ms(through), "added_ms": ms(through - direct)}, nil
}

// median measures one way, over one connection.
func (l *Link) median(ctx context.Context, addr string) (time.Duration, error) {
	ping, hangUp, err := l.caller(ctx, addr)
	if err != nil {
		return 0, err
	}
	defer hangUp()
	if err := ping(); err != nil { // the first one pays for the connection
		return 0, err
	}
	var took []time.Duration
	for begin := time.Now(); len(took) < roundTrips && (len(took) == 0 || time.Since(begin) < roundTripsTake); {
		began := time.Now()
		if err := ping(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// caller returns a function that asks the service once.
func (l *Link) caller(ctx context.Context, addr string) (ping func() error, hangUp func(), err error) {
	if l.http() {
		wire := transport(addr)
		return func() error { return health(ctx, wire, l.target.Host) }, wire.CloseIdleConnections, nil
	}
	conn, err := role.Dialer(l.token)(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	lines := bufio.NewReader(conn)
	return func() error {
		if _, err := io.WriteString(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
			return err
		}
		answer, err := lines.ReadString('\n')
		if err == nil && answer != "+PONG\r\n" {
			err = fmt.Errorf("the store answers %q", answer)
		}
		return err
	}, func() { stop(); _ = conn.Close() }, nil
}

// health asks for the health check of a service.
func health(ctx context.Context, wire *http.Transport, host string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+role.HealthPath, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := wire.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close())
}

// dialTo connects to one address, whatever it is told.
func dialTo(dialer *net.Dialer, addr string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, addr)
	}
}
