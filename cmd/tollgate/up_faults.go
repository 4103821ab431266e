package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"

	"github.com/tollgate-dev/tollgate/internal/core/api"
	"github.com/tollgate-dev/tollgate/internal/injection/injector"
	"github.com/tollgate-dev/tollgate/testenv"
)

// maxOrder is the most bytes of an order for a fault.
const maxOrder = 64 << 10

// control is where k6 scripts ask for faults: on loopback, for those who know the token.
type control struct {
	address string // with the token
	faults  *injector.Injector
	server  *http.Server
	served  chan error
}

// openControl serves the control endpoint of an arm until it is closed.
func openControl(ctx context.Context, arm testenv.Arm, env testenv.Environment) (*control, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	token := rand.Text()
	c := &control{address: api.WithToken("http://"+listener.Addr().String(), token), faults: injector.New(arm, env.Supports), served: make(chan error, 1)}
	c.server = api.Server(c.faults.Handler(token), maxOrder)
	go func() { c.served <- c.server.Serve(listener) }()
	return c, nil
}

// close heals what is in force, and ends the endpoint.
func (c *control) close(ctx context.Context) error {
	err := errors.Join(c.faults.Close(ctx), c.server.Close())
	if served := <-c.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
